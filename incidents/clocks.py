"""Clocks start, pause, go on and stop here, and nowhere else. Called inside the transaction of a move.

The caller holds the lock on the incident, then takes the clocks with `open_clocks`. Every change raises the clock's
`seq`; a writer who saw an older one is refused. What a change did is returned as an `Act`, for the record. Each change
is written at once, or gathered in a `Turned`, which writes those of many clocks together. Which light a clock shows is
told by `light` and its SQL twin `light_sql` (see `incidents.lights`).
"""

import logging
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from grids import statements
from grids.levels import known_kind
from grids.models import Unit
from incidents import calendar_rows, clock_rules, escalations, limits
from incidents.calendars import Calendar, CalendarEmpty, CalendarHorizon, whole_second
from incidents.clock_rules import Plan, Terms
from incidents.clock_writes import TURNED, Act, ClockMoved, Turned
from incidents.lights import PAUSED, SUSPENDED, is_red, light, light_sql, remaining, shown, worst
from incidents.limits import Rules
from incidents.models import Clock, ClockState, Incident, Light, PauseCause, Subject
from incidents.refusals import MoveRefused
from incidents.states import Stage

__all__ = [
    "PAUSED", "SUSPENDED", "TURNED", "Act", "ClockMoved", "Turned", "is_red", "light", "light_sql", "remaining",
    "shown", "worst",
]  # fmt: skip

log = logging.getLogger(__name__)

# Time as it passes and no limit: what counts where nothing else can.
NATURAL = Terms(seconds=0, yellow_seconds=None, end_of_day=False, working=False)


def open_clocks(incident: Incident) -> list[Clock]:
    """The incident's clocks that are not stopped, locked, in order of birth. The incident must be locked already."""
    return open_clocks_of([incident.pk])[incident.pk]


def open_clocks_of(incidents: Collection[int]) -> dict[int, list[Clock]]:
    """The same for each of several incidents, by id. One query."""
    found: dict[int, list[Clock]] = defaultdict(list)
    ending = "WHERE incident_id = ANY(%s) AND state <> 'stopped' ORDER BY id FOR UPDATE"
    for clock in statements.read(Clock, ending, [list(incidents)]):
        found[clock.incident_id].append(clock)
    return found


def start(
    *,
    incident: Incident,
    unit: Unit | str,
    stage: Stage,
    now: datetime,
    since: datetime | None = None,
    subject_kind: Subject = Subject.INCIDENT,
    subject_id: int = 0,
    rules: Rules | None = None,
    into: Turned | None = None,
) -> Clock:
    """Start a clock for `stage` against `unit` with the limit in force now, by `rules` if they were read already.

    `since` is when its time began, if that was before `now`. Raises LimitMissing or CalendarMissing; a calendar that
    cannot count that far, or at all, gives a clock without an end.
    """
    since = whole_second(since or now)
    rule = _rule(incident, unit, stage, now=now, rules=rules)
    plan = clock_rules.plan(given=rule.given, calendar=rule.calendar, since=since)
    if clock_rules.is_endless(plan.due_at) and not limits.limit_row(rule.limit_id).is_open_ended:
        log.error("calendar version %d cannot count limit %d: the clock has no end", rule.version_id, rule.limit_id)
    return _create(incident, unit, stage, rule, plan, since, (subject_kind, subject_id), into)


def start_until(
    *,
    incident: Incident,
    unit: Unit | str,
    stage: Stage,
    due_at: datetime,
    now: datetime,
    subject_kind: Subject = Subject.INCIDENT,
    subject_id: int = 0,
    rules: Rules | None = None,
    into: Turned | None = None,
) -> Clock:
    """Start a clock whose last second in time is a date somebody set: a review date, an order's own deadline.

    Raises MoveRefused when the date is past, or, for a suspension, further off than the limit allows.
    """
    since = whole_second(now)
    rule = _rule(incident, unit, stage, now=now, rules=rules)
    if due_at <= now:
        raise MoveRefused(_("Choose a date in the future."), code="past", field="due_at")
    if stage == Stage.PAUSE and due_at > clock_rules.plan(given=rule.given, calendar=rule.calendar, since=since).due_at:
        raise MoveRefused(_("A suspension may not last that long."), code="too_long", field="review_at")
    plan = clock_rules.plan_until(given=rule.given, calendar=rule.calendar, since=since, due_at=due_at)
    return _create(incident, unit, stage, rule, plan, since, (subject_kind, subject_id), into)


def pause(*, clock: Clock, now: datetime, cause: PauseCause, into: Turned | None = None) -> Act | None:
    """Stop a running clock's time until `resume`; None (and no change) when it does not run.

    A clock that is red already stays red and keeps its due moment.
    """
    if clock.state != ClockState.RUNNING:
        return None
    _write(
        clock,
        into,
        state=ClockState.PAUSED,
        pause_cause=cause,
        spent=_spent(clock, now),
        run_since=None,
        next_at=None,
        turned_at=[*clock.turned_at, whole_second(now)],
    )
    return Act(clock, "paused", now, cause)


def resume(*, clock: Clock, now: datetime, into: Turned | None = None) -> Act | None:
    """Let a paused clock run on with what was left; None (and no change) when it is not paused.

    The deadline never comes out earlier than it was before the pause.
    """
    if clock.state != ClockState.PAUSED:
        return None
    cause, since = clock.pause_cause, whole_second(now)
    changes: dict[str, Any] = {
        "state": ClockState.RUNNING,
        "pause_cause": "",
        "run_since": since,
        "turned_at": [*clock.turned_at, since],
    }
    if is_red(clock, now):
        # What repeats after red goes on from here; the pause counts for nothing.
        repeats = escalations.repeats_of(clock) if clock.step >= clock_rules.RED_SAID else None
        next_at = repeats.after(since, step=clock.step) if repeats else _next_at(clock, changes)
    else:
        given, calendar = _own_time(clock)
        begins = since if clock.spent else max(since, _begins(clock, given, calendar))
        plan = clock_rules.plan(given=given, calendar=calendar, since=begins, spent=clock.spent, budget=clock.budget)
        if plan.due_at < clock.due_at:
            plan = clock_rules.plan_until(
                given=given, calendar=calendar, since=begins, spent=clock.spent, due_at=clock.due_at
            )
        changes |= {"run_since": begins, "budget": plan.budget, "warn_at": plan.warn_at, "due_at": plan.due_at}
        next_at = _next_at(clock, changes)
    _write(clock, into, **changes, next_at=next_at)
    return Act(clock, "resumed", now, cause)


def finish(*, clock: Clock, now: datetime, into: Turned | None = None) -> Act | None:
    """End the clock with its colour: green at or before the due second, red after it; None when it had ended.

    A clock without an end earns no colour.
    """
    otherwise = Light.NONE if clock_rules.is_endless(clock.due_at) else Light.GREEN
    return _end(clock, now=now, otherwise=otherwise, act="finished", into=into)


def stop(*, clock: Clock, now: datetime, into: Turned | None = None) -> Act | None:
    """End the clock without a colour, unless it is red already: red stays; None when it had ended."""
    return _end(clock, now=now, otherwise=Light.NONE, act="stopped", into=into)


def recompute(*, clock: Clock, now: datetime, version_id: int, into: Turned | None = None) -> Act | None:
    """Move an open clock to another calendar version; an `Act` when its deadline changed by that, else None.

    What was spent in closed stretches stands; the stretch it is in is counted anew. Red stays red, and no change of a
    calendar makes a clock late in hindsight. A deadline the calendar does not reach stays as it was.
    """
    if clock.state == ClockState.STOPPED or clock.calendar_version_id == version_id:
        return None
    plan = None
    if clock.limit_id is not None:
        given, calendar = _counting(clock.limit_id, version_id)
        with suppress(CalendarHorizon):
            plan = replanned(clock, given=given, calendar=calendar, now=now)
    if plan is None:
        _write(clock, into, calendar_version_id=version_id)
        return None
    before = clock.due_at
    changes = {"run_since": plan.begins, "budget": plan.budget, "warn_at": plan.warn_at, "due_at": plan.due_at}
    _write(clock, into, calendar_version_id=version_id, **changes, next_at=_next_at(clock, changes))
    return None if plan.due_at == before else Act(clock, "recomputed", now, _said(before))


def replanned(clock: Clock, *, given: Terms, calendar: Calendar, now: datetime) -> Plan | None:
    """The plan of an open clock by another calendar; None where it has none to change: it stands still, or is red.

    Raises CalendarHorizon when that calendar does not reach its deadline.
    """
    if clock.state != ClockState.RUNNING or clock.run_since is None or is_red(clock, now):
        return None
    since, budget = clock.run_since, clock.budget or given.seconds
    if given.from_next_day and not clock.spent:
        since = max([*clock.turned_at[-1:], _begins(clock, given, calendar)])
    plan = clock_rules.plan(given=given, calendar=calendar, since=since, spent=clock.spent, budget=budget)
    if clock_rules.is_endless(plan.due_at) and not clock_rules.is_endless(clock.due_at):
        raise CalendarHorizon(f"calendar {calendar.name!r} does not reach the deadline of clock {clock.pk}")
    if plan.due_at < now:
        plan = clock_rules.plan_until(given=given, calendar=calendar, since=since, spent=clock.spent, due_at=now)
    return plan


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a new clock goes by."""

    limit_id: int
    version_id: int
    escalation_id: int | None
    given: Terms
    calendar: Calendar


def _rule(incident: Incident, unit: Unit | str, stage: Stage, *, now: datetime, rules: Rules | None) -> _Rule:
    tier = unit.kind if isinstance(unit, Unit) else known_kind(unit)
    found = (rules or Rules(at=now)).for_clock(incident, stage=stage, tier=tier)
    return _Rule(*found, *_counting(found.limit_id, found.version_id))


def _create(
    incident: Incident,
    unit: Unit | str,
    stage: Stage,
    rule: _Rule,
    plan: Plan,
    since: datetime,
    subject: tuple[Subject, int],
    into: Turned | None,
) -> Clock:
    clock = Clock(
        incident=incident,
        subject_kind=subject[0],
        subject_id=subject[1],
        unit_id=unit.pk if isinstance(unit, Unit) else unit,
        district_id=incident.district_id,
        stage=stage,
        limit_id=rule.limit_id,
        escalation_id=rule.escalation_id,
        calendar_version_id=rule.version_id,
        budget=plan.budget,
        started_at=since,
        run_since=plan.begins,
        warn_at=plan.warn_at,
        due_at=plan.due_at,
        next_at=clock_rules.next_moment(step=0, warn_at=plan.warn_at, due_at=plan.due_at),
    )
    if into is None:
        clock.save(force_insert=True)
    else:
        into.add(clock)
    return clock


def _end(clock: Clock, *, now: datetime, otherwise: Light, act: str, into: Turned | None) -> Act | None:
    if clock.state == ClockState.STOPPED:
        return None
    # A review date that came is nobody's lateness.
    final = Light.RED if is_red(clock, now) and clock.stage != Stage.PAUSE else otherwise
    _write(
        clock,
        into,
        state=ClockState.STOPPED,
        pause_cause="",
        spent=_spent(clock, now),
        run_since=None,
        next_at=None,
        stopped_at=now,
        final_light=final,
    )
    return Act(clock, act, now)


def _spent(clock: Clock, now: datetime) -> int:
    """All seconds spent by `now`. More than the budget if and only if red, also at night, when no time is counted."""
    if clock.state != ClockState.RUNNING or clock.run_since is None:
        return clock.spent
    late = is_red(clock, now)
    try:
        spent = clock.spent + max(0, _own_time(clock)[1].elapsed(clock.run_since, now))
    except CalendarHorizon:
        spent = clock.budget
    return max(spent, clock.budget + 1) if late else min(spent, clock.budget)


def _own_time(clock: Clock) -> tuple[Terms, Calendar]:
    return _counting(clock.limit_id, clock.calendar_version_id)


def _counting(limit_id: int | None, version_id: int) -> tuple[Terms, Calendar]:
    """How a limit counts by a calendar version; with no limit, or no working day, time passes and nothing is due."""
    if limit_id is not None:
        try:
            given = limits.terms_of(limit_id, version_id)
            return given, calendar_rows.calendar_for(version_id, working=given.working)
        except CalendarEmpty:
            log.exception("calendar version %d cannot count limit %d", version_id, limit_id)
    return NATURAL, calendar_rows.calendar_for(version_id, working=False)


def _said(due_at: datetime) -> str:
    return "" if clock_rules.is_endless(due_at) else due_at.isoformat()


def counts_from(clock: Clock) -> datetime:
    """When the clock's time first began to count: as it started, or with the next day."""
    return _begins(clock, *_own_time(clock))


def _begins(clock: Clock, given: Terms, calendar: Calendar) -> datetime:
    """When the clock's time began, as far as the calendar knows."""
    try:
        return clock_rules.begins(given, calendar, clock.started_at)
    except CalendarHorizon:
        return clock.started_at


def _next_at(clock: Clock, changes: dict[str, Any]) -> datetime | None:
    warn_at, due_at = changes.get("warn_at", clock.warn_at), changes.get("due_at", clock.due_at)
    return clock_rules.next_moment(step=clock.step, warn_at=warn_at, due_at=due_at)


def _write(clock: Clock, into: Turned | None, **changes: Any) -> None:
    """Write `changes` and raise `seq`, or leave the writing to `into`; refuse when somebody else was faster."""
    changes["seq"] = clock.seq + 1
    if into is not None:
        into.change(clock, changes)
        return
    if not Clock.objects.filter(pk=clock.pk, seq=clock.seq).update(**changes):
        raise ClockMoved(f"clock {clock.pk} changed since it was read at seq {clock.seq}")
    for name, value in changes.items():
        setattr(clock, name, value)
