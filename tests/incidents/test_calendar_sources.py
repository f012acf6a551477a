"""Statutory days come from a package and from files; each day is checked against others who know, and by hand."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from importlib import metadata

import chinese_calendar
import holidays
import pytest
from django.utils import translation

from incidents import calendar_content, calendar_files, calendar_imports, calendar_package
from incidents.calendar_content import ContentRefused
from incidents.calendars import Hours, Special, SpecialKind, WorkCalendar
from incidents.reference_data import BadLine

HOURS = [Hours(time(9), time(12)), Hours(time(13, 30), time(17, 30))]
# Typed in by hand from the State Council's notices: Sundays and Saturdays on which offices work.
NOTICES = """
2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12
2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
"""


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def shipped() -> WorkCalendar:
    return calendar_imports.shipped(hours=HOURS).built()


def days_of(first: int, last: int) -> Iterator[date]:
    day = date(first, 1, 1)
    while day.year <= last:
        yield day
        day += timedelta(days=1)


def test_every_day_of_three_years_is_what_two_independent_packages_say(shipped: WorkCalendar) -> None:
    china = holidays.country_holidays("CN", years=range(2024, 2027))
    for day in days_of(2024, 2026):
        assert shipped.works(day) is chinese_calendar.is_workday(day), day
        assert shipped.works(day) is china.is_working_day(day), day


def test_from_2004_on_the_two_packages_differ_from_us_on_one_known_day_only(shipped: WorkCalendar) -> None:
    assert all(shipped.works(day) is chinese_calendar.is_workday(day) for day in days_of(2004, 2023))
    china = holidays.country_holidays("CN", years=range(2004, 2024))
    others = [day for day in days_of(2004, 2023) if shipped.works(day) is not china.is_working_day(day)]
    assert others == [date(2005, 12, 31)]


def test_the_make_up_workdays_are_those_of_the_notices_typed_in_by_hand(shipped: WorkCalendar) -> None:
    worked = [day.isoformat() for day in days_of(2024, 2026) if day.weekday() >= 5 and shipped.works(day)]
    assert worked == NOTICES.split()


def test_years_to_come_have_the_thirteen_days_of_the_law_and_are_provisional(shipped: WorkCalendar) -> None:
    assert shipped.provisional_from == date(2027, 1, 1)
    china = holidays.country_holidays("CN", years=range(2027, 2046), observed=False)
    ours = {day for day, special in shipped.special.items() if day.year >= 2027}
    assert ours == set(china), "the dates of the lunar calendar, by somebody else"
    assert all(shipped.special[day].provisional for day in ours)
    assert len([day for day in ours if day.year == 2027]) == 13


def test_the_package_is_asked_for_by_name_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(calendar_package.PackageMissing, match="pip install chinesecalendar"):
        calendar_package.published()


# Files

ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270101
DTEND;VALUE=DATE:20270104
SUMMARY:元旦 假期 第1天/共3天
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270220
SUMMARY:春节（
 班）
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270206
X-APPLE-SPECIAL-DAY:WORK-HOLIDAY
SUMMARY:春节
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_as_phones_have_it_is_read() -> None:
    found = calendar_files.days(ICS.encode(), name="2027.ics")
    new_year = [Special(date(2027, 1, day), SpecialKind.HOLIDAY, "元旦") for day in (1, 2, 3)]
    assert found == [
        *new_year,
        Special(date(2027, 2, 6), SpecialKind.HOLIDAY, "春节"),
        Special(date(2027, 2, 20), SpecialKind.MAKEUP_WORKDAY, "春节"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_as_offices_keep_it_is_read(encoding: str) -> None:
    table = "date,kind,festival\n2027-01-01,休,元旦\n2027/1/3,班,元旦\n\n20270110,local_off,防汛\n"
    assert calendar_files.days(table.encode(encoding), name="2027.csv") == [
        Special(date(2027, 1, 1), SpecialKind.HOLIDAY, "元旦"),
        Special(date(2027, 1, 3), SpecialKind.MAKEUP_WORKDAY, "元旦"),
        Special(date(2027, 1, 10), SpecialKind.LOCAL_OFF, "防汛"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "day,what\n", "1.*date,kind"),
        ("a.csv", "date,kind\n2027-01-01,holiday\n2027-02-30,holiday\n", "3.*2027-02-30"),
        ("a.csv", "date,kind\n2027-01-01,feast\n", "2.*feast"),
        ("a.csv", "date,kind\n2027-01-01,holiday\n2027-01-01,makeup_workday\n", "3.*2027-01-01"),
        ("a.csv", "date,kind\n", "a.csv"),
        ("a.ics", ICS.replace("春节（", "立春（").replace("班", "吉"), "9.*立春"),
        ("a.ics", ICS.replace("20270220", "2027022"), "8.*2027022"),
        ("a.ics", ICS.replace("20270220", "20270220T083000"), "8.*20270220T083000"),
        ("a.ics", ICS.replace("DTEND;VALUE=DATE:20270104", "DTEND;VALUE=DATE:20261231"), "3"),
        ("a.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\n", "4"),
        ("a.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:元旦\nEND:VEVENT\n", "4.*DTSTART"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_line_and_reason(name: str, text: str, said: str) -> None:
    with pytest.raises(BadLine, match=f"(?s){said}"):
        calendar_files.days(text.encode(), name=name)


def test_a_picture_or_a_library_is_no_calendar() -> None:
    for data in (b"\xff\xd8\xff\xe0" + bytes(range(128, 256)), b"date,kind\n" + b"x" * calendar_files.MOST_BYTES):
        with pytest.raises(BadLine):
            calendar_files.days(data, name="a.csv")


def test_work_periods_are_read_as_people_type_them() -> None:
    assert calendar_files.hours("9:00-12:00，13:30~17:30") == HOURS
    assert calendar_files.hours("18:00-24:00") == [Hours(time(18), time(0))]
    for text in ("9-12", "nine", "09:00-25:00"):
        with pytest.raises(BadLine, match=text):
            calendar_files.hours(text)


# What a calendar says


CONTENT = calendar_imports.shipped(hours=HOURS)


def test_a_published_year_replaces_what_was_provisional_and_leaves_the_rest() -> None:
    local = calendar_content.with_local(
        CONTENT, first=date(2027, 2, 8), last=date(2027, 2, 8), kind=SpecialKind.LOCAL_WORK, name="防汛"
    )
    notice = [Special(date(2027, 1, day), SpecialKind.HOLIDAY, "元旦") for day in range(1, 14)]
    notice.append(Special(date(2027, 1, 16), SpecialKind.MAKEUP_WORKDAY, "元旦"))
    told = calendar_content.with_days(local, notice)
    assert told.provisional_from == date(2028, 1, 1)
    assert [special for special in told.special_days if special.day.year == 2027] == [*notice, *local_days(local)]
    assert told.built().works(date(2027, 2, 9)), "no holiday of the law any more"
    taken_away = calendar_content.with_local(told, first=date(2027, 2, 1), last=date(2027, 2, 28), kind=None)
    assert calendar_content.same(taken_away, calendar_content.with_days(CONTENT, notice))


def local_days(content: calendar_content.Content) -> list[Special]:
    return [special for special in content.special_days if special.kind.is_local]


def test_a_local_day_taken_away_lets_the_statutory_one_show_again() -> None:
    day = date(2026, 10, 1)
    worked = calendar_content.with_local(CONTENT, first=day, last=day, kind=SpecialKind.LOCAL_WORK)
    assert worked.built().works(day)
    back = calendar_content.with_local(worked, first=day, last=day, kind=None)
    assert calendar_content.same(back, CONTENT)
    assert calendar_content.same(calendar_content.from_json(worked.as_json()), worked)
    assert [change.day for change in calendar_content.difference(CONTENT, worked).days] == [day]


def test_what_cannot_be_a_calendar_is_refused_by_name() -> None:
    with pytest.raises(ContentRefused, match="2027"):
        calendar_content.with_days(CONTENT, [Special(date(2027, 1, 1), SpecialKind.HOLIDAY, "元旦")])
    first, last = date(2026, 1, 2), date(2026, 1, 1)
    for span in ((first, last), (last, date(2027, 6, 1)), (date(2060, 1, 1), date(2060, 1, 1))):
        with pytest.raises(ContentRefused):
            calendar_content.with_local(CONTENT, first=span[0], last=span[1], kind=SpecialKind.LOCAL_OFF)
    with pytest.raises(ContentRefused, match="working time"):
        calendar_content.with_hours(CONTENT, hours=[], weekdays={0})
    overlapping = [Hours(time(9), time(12)), Hours(time(11), time(15))]
    for hours in (overlapping, [Hours(time(12), time(9))], [Hours(time(18), time(0)), Hours(time(20), time(21))]):
        with pytest.raises(ContentRefused):
            calendar_content.with_hours(CONTENT, hours=hours, weekdays={0})
