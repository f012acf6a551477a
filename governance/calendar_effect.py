"""What a change of a calendar says and does, ready to be drawn: the days that differ, and who is moved how far."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from governance.calendar_year import WORDS
from grids.spans import working
from incidents import calendar_changes, calendar_content, calendar_effects
from incidents.calendar_content import DayChange
from incidents.calendar_effects import Effect, Moved
from incidents.calendars import Special
from incidents.explanations import FESTIVALS
from incidents.models import CalendarChange, ChangeState, Clock

DAYS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class DayLine:
    """Days in a row that change alike."""

    first: date
    last: date
    before: str
    after: str


def context_of(change: CalendarChange, *, now: datetime) -> dict[str, Any]:
    """What the page of a draft, or of one that is being applied, is drawn from."""
    after = calendar_content.from_json(change.content)
    before = calendar_changes.content_of(change.base) if change.base else None
    told = calendar_content.difference(before, after) if before else None
    lines = _lines(told.days) if told else []
    effect = calendar_effects.from_json(change.found)
    ready = change.state == ChangeState.READY
    newest = change.calendar.versions.first()
    return {
        "draft": change,
        "told": told,
        "after": after,
        "lines": lines[:DAYS_SHOWN],
        "more_lines": max(0, len(lines) - DAYS_SHOWN),
        "running": change.state in (ChangeState.PREVIEWING, ChangeState.APPLYING),
        "applying": change.state == ChangeState.APPLYING,
        "ready": ready,
        "effect": effect,
        "ways": _ways(effect, max(1, round(sum(period.seconds for period in after.hours) / 3600))) if ready else [],
        "classes": _classes(effect) if ready else [],
        "furthest": _furthest(effect.furthest) if ready else [],
        "outdated": newest is not None and newest.pk != change.base_id and not change.version_id,
        "joins": change.joins_id is not None,
        "newest": newest,
        "now": now,
    }


def _said(special: Special | None) -> str:
    if special is None:
        return _("as its weekday")
    words: str | Promise = WORDS[special.kind.value][1]
    name = FESTIVALS.get(special.name, special.name)
    return f"{words} · {name}" if name else str(words)


def _lines(days: list[DayChange]) -> list[DayLine]:
    found: list[DayLine] = []
    for one in days:
        line = DayLine(one.day, one.day, _said(one.before), _said(one.after))
        last = found[-1] if found else None
        if last and (last.before, last.after) == (line.before, line.after) and last.last + timedelta(days=1) == one.day:
            found[-1] = DayLine(last.first, one.day, line.before, line.after)
        else:
            found.append(line)
    return found


def _ways(effect: Effect, day_hours: int) -> list[tuple[str, int, list[tuple[int, str]]]]:
    """Later and earlier: how many, then least, median and most in seconds as they pass and in words of working time."""
    found = []
    for label, spread in ((_("later"), effect.later), (_("earlier"), effect.earlier)):
        if spread:
            words = [working(seconds, day_hours) for seconds in spread.worked]
            found.append((label, spread.count, list(zip(spread.passed, words, strict=True))))
    return found


def _classes(effect: Effect) -> list[tuple[str, int, int]]:
    """How far: words, how many move later by that much, how many earlier."""
    words = (_("up to 1 hour"), _("up to 1 day"), _("1 to 3 days"), _("3 to 7 days"), _("more than 7 days"))
    later = effect.later.classes if effect.later else [0] * len(words)
    earlier = effect.earlier.classes if effect.earlier else [0] * len(words)
    return list(zip(words, later, earlier, strict=True))


def _furthest(moved: list[Moved]) -> list[dict[str, Any]]:
    rows = Clock.objects.select_related("incident", "unit").in_bulk([one.clock for one in moved])
    return [
        {
            "clock": rows[one.clock],
            "before": one.before,
            "after": one.after,
            "size": timedelta(seconds=one.size),
            "later": one.after > one.before,
        }
        for one in moved
        if one.clock in rows
    ]
