"""Answers two questions on the page: why this deadline, and why it was not moved up yet."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents import clock_rules, clocks, escalations, limits
from incidents.calendar_rows import calendar_or_natural
from incidents.calendars import Calendar, DayPiece, SpecialKind
from incidents.lights import PAUSED, is_working, light
from incidents.limits import limit_row
from incidents.models import CalendarVersion, Clock, ClockState, Light, RedAction, TimeLimit, TimeUnit

# The names under which festivals stand in the calendar.
FESTIVALS: dict[str, str | Promise] = {
    "元旦": gettext_lazy("New Year's Day"),
    "春节": gettext_lazy("Spring Festival"),
    "清明节": gettext_lazy("Tomb-Sweeping Day"),
    "劳动节": gettext_lazy("Labour Day"),
    "端午节": gettext_lazy("Dragon Boat Festival"),
    "中秋节": gettext_lazy("Mid-Autumn Festival"),
    "国庆节": gettext_lazy("National Day"),
    "抗战胜利纪念日": gettext_lazy("Victory Day"),
}


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a stretch: what it gave, what it all comes to, and why it gave nothing."""

    day: date
    seconds: int
    total: int
    works: bool
    note: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which the clock ran. `days` is empty for natural time, where every second counts."""

    since: datetime
    until: datetime
    seconds: int
    days: list[DayLine]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that made a deadline what it is.

    `open_ended`: there is none, as the situation decides, or as no calendar reaches that far (`limit` has an amount).
    """

    limit: TimeLimit | None
    allowed: str
    yellow: str
    scope: list[str]
    by_hand: bool
    calendar: CalendarVersion
    is_working: bool
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    stretches: list[Stretch]
    pauses: list[tuple[datetime, datetime | None]]
    provisional: bool
    open_ended: bool


def explain(clock: Clock) -> Explanation:
    """Why the clock is due when it is: the limit, the calendar, day by day what counted, and the pauses.

    `due_at` is None while the clock is paused with time left (then only what is left is known) and without an end.
    """
    limit = limit_row(clock.limit_id) if clock.limit_id is not None else None
    working = is_working(clock)
    calendar = calendar_or_natural(clock.calendar_version_id, working=working)
    open_ended = clock_rules.is_endless(clock.due_at)
    waits = open_ended or (clock.state == ClockState.PAUSED and clock.spent <= clock.budget)
    return Explanation(
        limit=limit,
        allowed=amount_text(limit.amount, limit.unit) if limit else "",
        yellow=yellow_text(limit),
        scope=_scope(limit),
        by_hand=_was_set_by_hand(clock, limit, calendar),
        calendar=CalendarVersion.objects.select_related("calendar").get(pk=clock.calendar_version_id),
        is_working=working,
        started_at=clock.started_at,
        warn_at=None if waits else clock.warn_at,
        due_at=None if waits else clock.due_at,
        stretches=_stretches(clock, calendar, working=working),
        pauses=_pauses(clock),
        provisional=not waits and calendar.is_provisional(clock.due_at),
        open_ended=open_ended,
    )


def amount_text(amount: int, unit: str) -> str:
    """A span as people say it: 4 working hours, 10 working days, 30 minutes; 0 is no span but what it requires."""
    if not amount:
        return _("as the situation requires")
    texts = {
        TimeUnit.MINUTE: ngettext("%(n)d minute", "%(n)d minutes", amount),
        TimeUnit.HOUR: ngettext("%(n)d hour", "%(n)d hours", amount),
        TimeUnit.DAY: ngettext("%(n)d day", "%(n)d days", amount),
        TimeUnit.WORKING_HOUR: ngettext("%(n)d working hour", "%(n)d working hours", amount),
        TimeUnit.WORKING_DAY: ngettext("%(n)d working day", "%(n)d working days", amount),
    }
    return texts[TimeUnit(unit)] % {"n": amount}


def yellow_text(limit: TimeLimit | None) -> str:
    """When a clock with that limit turns yellow, if ever."""
    if limit is not None and limit.is_open_ended:
        return _("no yellow, no red")
    if limit is not None and limit.yellow_amount is not None:
        return _("yellow after %(span)s") % {"span": amount_text(limit.yellow_amount, limit.unit)}
    return _("yellow when a quarter of it is left")


def _scope(limit: TimeLimit | None) -> list[str]:
    """What the rule was made for; an empty list is the default of the stage."""
    if limit is None:
        return []
    labels = [
        str(limit.district) if limit.district_id else "",
        limit.category.label if limit.category_id and limit.category else "",
        limit.get_urgency_display() if limit.urgency else "",
        limit.get_tier_display() if limit.tier else "",
    ]
    return [label for label in labels if label]


def _was_set_by_hand(clock: Clock, limit: TimeLimit | None, calendar: Calendar) -> bool:
    if limit is None:
        return True
    return not limit.end_of_day and clock.budget not in (limits.terms_by(limit, calendar).seconds, 0)


def _pauses(clock: Clock) -> list[tuple[datetime, datetime | None]]:
    paused, resumed = clock.turned_at[::2], clock.turned_at[1::2]
    return list(zip_longest(paused, resumed))


def _stretches(clock: Clock, calendar: Calendar, *, working: bool) -> list[Stretch]:
    """The times that counted, the last one up to its due moment or its end; none without an end."""
    if clock_rules.is_endless(clock.due_at):
        return []
    last, begins = clock.stopped_at or clock.due_at, clocks.counts_from(clock)
    # It may have rested before its time began.
    edges = [max(begins, edge) for edge in (clock.started_at, *clock.turned_at)]
    if len(edges) % 2:
        edges.append(max(last, edges[-1]))
    found, total = [], 0
    for since, until in zip(edges[::2], edges[1::2], strict=True):
        if since == until == begins:
            continue
        seconds = max(0, calendar.elapsed(since, until))
        days = _day_lines(calendar.pieces(since, until), total) if working else []
        found.append(Stretch(since, until, seconds, days))
        total += seconds
    return found


def _day_lines(pieces: list[DayPiece], total: int) -> list[DayLine]:
    lines = []
    for piece in pieces:
        total += piece.seconds
        lines.append(DayLine(piece.day, piece.seconds, total, piece.works, _day_note(piece)))
    return lines


def _day_note(piece: DayPiece) -> str:
    if piece.special is None:
        return "" if piece.works else _("Weekend")
    name = FESTIVALS.get(piece.special.name, piece.special.name)
    if piece.special.kind == SpecialKind.MAKEUP_WORKDAY:
        return _("Make-up workday (%(festival)s)") % {"festival": name}
    if piece.special.kind == SpecialKind.LOCAL_WORK:
        return f"{_('Local work day')} · {name}" if name else _("Local work day")
    return str(name) or _("Day off")


def why_not_moved(clock: Clock, now: datetime, *, at_top: bool = False) -> str:
    """One sentence on why the clock has not moved the incident up; empty once it did all it had to."""
    shown = light(clock, now)
    action = escalations.red_action(clock)
    if clock.state == ClockState.STOPPED:
        return _("This step has ended.")
    if shown == PAUSED:
        return _("The clock stands still; time does not pass for this unit.")
    if shown != Light.RED:
        return _("The deadline is not past yet.")
    if clock.state == ClockState.PAUSED:
        return _("Overdue, but set aside: nothing happens until it goes on.")
    if action == RedAction.CARD:
        return _("By its limit this step draws a card, it does not move up.")
    if action == RedAction.REMIND:
        return _("By its limit this step is reminded of, it does not move up.")
    if at_top:
        return _("This is the top tier: it cannot move further up.")
    if clock.step < clock_rules.RED_SAID:
        return _("Overdue just now; the next round of supervision moves it up.")
    return ""
