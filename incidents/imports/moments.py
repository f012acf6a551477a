"""Times as another system wrote them: local, without a zone more often than not. Pure.

A local time that the clocks skipped when summer time began is no moment; one that they showed twice when it ended is
two. What to do then is said in the mapping, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from incidents.imports.refused import Fault, Reason

ISO = "iso"
FIRST, SECOND, REJECT, LATER = "first", "second", "reject", "later"
AMBIGUOUS_RULES = (REJECT, FIRST, SECOND)
SKIPPED_RULES = (REJECT, LATER)
# Directives that tell a time of the day.
_HOURS = ("%H", "%I", "%c", "%X")
_LAST_SECOND = timedelta(days=1) - timedelta(seconds=1)


@dataclass(frozen=True)
class Reading:
    """How to read times: the source's zone, its formats in the order they are tried, and what the rules are."""

    zone: ZoneInfo
    formats: tuple[str, ...]
    ambiguous: str = REJECT
    skipped: str = REJECT
    due_lasts_the_day: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in UTC; `by_rule` names the rule that was needed to find it: "ambiguous", "skipped" or none."""

    at: datetime
    by_rule: str = ""


def written(text: str, formats: Sequence[str]) -> tuple[datetime, bool] | None:
    """The time as written and whether it says a time of the day; None when no format fits."""
    for form in formats:
        try:
            if form == ISO:
                return datetime.fromisoformat(text), len(text) > len("2026-01-01")
            found = datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
        return found, any(hour in form for hour in _HOURS)
    return None


def moment(text: str, reading: Reading, *, is_due: bool = False) -> Moment | Fault:
    """The moment that `text` tells, in whole seconds; or why it tells none."""
    return _moment(text, reading, is_due)


@lru_cache(maxsize=20_000)
def _moment(text: str, reading: Reading, is_due: bool) -> Moment | Fault:
    found = written(text, reading.formats)
    if found is None:
        return Fault(Reason.TIME, text[:40])
    local, has_hours = found
    if is_due and not has_hours and reading.due_lasts_the_day:
        local += _LAST_SECOND
    local = local.replace(microsecond=0)
    try:
        if local.tzinfo is not None:
            return Moment(local.astimezone(UTC))
        return _in_zone(local, reading, text)
    except OverflowError:
        return Fault(Reason.SPAN, text[:40])


def _in_zone(local: datetime, reading: Reading, text: str) -> Moment | Fault:
    first = local.replace(tzinfo=reading.zone, fold=0)
    second = local.replace(tzinfo=reading.zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return Moment(first.astimezone(UTC))
    if first.astimezone(UTC).astimezone(reading.zone).replace(tzinfo=None, fold=0) != local:
        if reading.skipped == REJECT:
            return Fault(Reason.GAP, f"{text} {reading.zone.key}")
        # The offset before the change puts it as long after the gap as it stands in it.
        return Moment(first.astimezone(UTC), "skipped")
    if reading.ambiguous == REJECT:
        return Fault(Reason.AMBIGUOUS, f"{text} {reading.zone.key}")
    return Moment((first if reading.ambiguous == FIRST else second).astimezone(UTC), "ambiguous")
