"""Where statutory days come from: a package for the published years, law and the lunar calendar for those to come.

The package is read by a command at build or upgrade time, never while a deadline is counted: the rows are the truth.
"""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from incidents.calendars import CalendarError, Special, SpecialKind

PACKAGE = "chinesecalendar"
DAYS_TO_COME = Path(__file__).parent / "reference" / "statutory_days.csv"

# The package's own names of festivals, as our calendar says them.
NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}

# Statutory days whose date never changes, as (month, day).
FIXED_DAYS = (
    (1, 1, "元旦"),
    (5, 1, "劳动节"),
    (5, 2, "劳动节"),
    (10, 1, "国庆节"),
    (10, 2, "国庆节"),
    (10, 3, "国庆节"),
)


class PackageMissing(CalendarError):
    """The package with the published days is not installed."""


def source() -> str:
    """The package with its version, as it is written into a calendar's version. Raises PackageMissing."""
    try:
        return f"{PACKAGE} {metadata.version(PACKAGE)}"
    except metadata.PackageNotFoundError as error:
        raise PackageMissing(f"the package {PACKAGE} is not installed: pip install {PACKAGE}") from error


def published() -> list[Special]:
    """Every published day off and make-up workday the package knows (2004 and on), sorted. Raises PackageMissing."""
    source()
    from chinese_calendar import constants

    found = {SpecialKind.HOLIDAY: constants.holidays, SpecialKind.MAKEUP_WORKDAY: constants.workdays}
    days = [Special(day, kind, NAMES.get(name, name)) for kind, named in found.items() for day, name in named.items()]
    return sorted(days, key=lambda special: special.day)


def to_come(*, after: int, last_year: int) -> list[Special]:
    """The statutory days from the year following `after` to `last_year`, provisional: nothing of them is published.

    Thirteen a year: what law and the lunar calendar fix. Days exchanged for weekends are unknown until the notice.
    """
    found: dict[date, Special] = {}
    for year in range(after + 1, last_year + 1):
        fixed = [(date(year, month, day), name) for month, day, name in FIXED_DAYS]
        for day, name in [*fixed, *_by_the_moon().get(year, ())]:
            found.setdefault(day, Special(day, SpecialKind.HOLIDAY, name, provisional=True))
    return sorted(found.values(), key=lambda special: special.day)


@lru_cache(maxsize=1)
def _by_the_moon() -> dict[int, list[tuple[date, str]]]:
    """By year the statutory days that move: the eve and three days of the Spring Festival, and three more."""
    with DAYS_TO_COME.open(encoding="utf-8", newline="") as file:
        return {int(row["year"]): _moving_days(row) for row in csv.DictReader(file)}


def _moving_days(row: dict[str, str]) -> list[tuple[date, str]]:
    spring = date.fromisoformat(row["spring_festival"])
    festival = [(spring + timedelta(days=offset), "春节") for offset in (-1, 0, 1, 2)]
    names = (("qingming", "清明节"), ("dragon_boat", "端午节"), ("mid_autumn", "中秋节"))
    return [*festival, *((date.fromisoformat(row[key]), name) for key, name in names)]


def first_provisional(days: Iterable[Special]) -> date | None:
    """1 January of the first year of which only provisional days are known; None when all are published."""
    years = [special.day.year for special in days if special.provisional]
    return date(min(years), 1, 1) if years else None
