"""Clocks start, pause, go on and stop here, and nowhere else. Called inside the transaction of a move.

The caller holds the lock on the incident, then takes the clocks with `open_clocks`. Every change raises the clock's
`seq`; a writer who saw an older one is refused. What a change did is returned as an `Act`, for the record. Each change
is written at once, or gathered in a `Turned`, which writes those of many clocks together. Which light a clock shows is
told by `light` and its SQL twin `light_sql` (see `incidents.lights`).
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from grids import statements
from grids.levels import known_kind
from grids.models import Unit
from incidents import calendar_rows, clock_rules, limits
from incidents.calendars import Calendar, whole_second
from incidents.clock_rules import Plan, Terms
from incidents.lights import PAUSED, SUSPENDED, is_red, light, light_sql, remaining, shown, worst
from incidents.limits import Rules
from incidents.models import Clock, ClockState, Incident, Light, PauseCause, Subject
from incidents.refusals import MoveRefused
from incidents.states import Stage

__all__ = ["PAUSED", "SUSPENDED", "is_red", "light", "light_sql", "remaining", "shown", "worst"]

NATURAL = Terms(seconds=0, yellow_seconds=None, end_of_day=False, working=False)


class ClockMoved(RuntimeError):
    """Somebody else changed the clock since it was read; the whole transaction must look again."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to a clock, for the record: `as_json` goes into the details of the event of the move."""

    clock: Clock
    act: str
    at: datetime
    cause: str = ""

    def as_json(self) -> dict[str, Any]:
        """The act as plain values; `left` is in seconds of the limit's own kind of time."""
        clock = self.clock
        return {
            "clock": clock.pk,
            "seq": clock.seq,
            "stage": str(clock.stage),
            "unit": clock.unit_id,
            "act": self.act,
            "at": self.at.isoformat(),
            "cause": self.cause,
            "left": clock.budget - clock.spent,
            "due": clock.due_at.isoformat(),
            "light": clock.final_light,
        }


# All that a change of a clock may write.
TURNED = (
    "calendar_version", "state", "pause_cause", "budget", "spent", "run_since", "warn_at", "due_at", "stopped_at",
    "next_at", "turned_at", "seq", "final_light",
)  # fmt: skip


class Turned:
    """Clocks that were started or changed and are not written yet."""

    def __init__(self) -> None:
        self._born: list[Clock] = []
        self._changed: dict[int, tuple[Clock, int]] = {}

    def add(self, clock: Clock) -> None:
        """Keep a new clock."""
        self._born.append(clock)

    def change(self, clock: Clock, changes: dict[str, Any]) -> None:
        """Make `changes` to the clock in hand; a clock that is new itself is written as it then is."""
        if clock.pk is not None:
            self._changed.setdefault(clock.pk, (clock, clock.seq))
        for name, value in changes.items():
            setattr(clock, name, value)

    @staticmethod
    def write(*gathered: "Turned") -> None:
        """Write all in two statements: what ends goes before what begins. Raises ClockMoved if one was changed."""
        changed = [pair for one in gathered for pair in one._changed.values()]
        written = statements.update([clock for clock, _seq in changed], TURNED, seen=[seq for _clock, seq in changed])
        if written != len(changed):
            raise ClockMoved(f"of clocks {[clock.pk for clock, _seq in changed]} some changed since they were read")
        statements.insert([clock for one in gathered for clock in one._born])
        for one in gathered:
            one.__init__()  # type: ignore[misc]


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

    `since` is when its time began, if that was before `now`. Raises LimitMissing or a CalendarError.
    """
    since = whole_second(since or now)
    rule = _rule(incident, unit, stage, now=now, rules=rules)
    plan = clock_rules.plan(given=rule.given, calendar=rule.calendar, since=since)
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
    if stage == Stage.PAUSE and due_at > rule.calendar.add(since, rule.given.seconds):
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
    if not is_red(clock, now):
        given, calendar = _own_time(clock)
        plan = clock_rules.plan(given=given, calendar=calendar, since=since, spent=clock.spent, budget=clock.budget)
        if plan.due_at < clock.due_at:
            plan = clock_rules.plan_until(
                given=given, calendar=calendar, since=since, spent=clock.spent, due_at=clock.due_at
            )
        changes |= {"budget": plan.budget, "warn_at": plan.warn_at, "due_at": plan.due_at}
    _write(clock, into, **changes, next_at=_next_at(clock, changes))
    return Act(clock, "resumed", now, cause)


def finish(*, clock: Clock, now: datetime, into: Turned | None = None) -> Act | None:
    """End the clock with its colour: green at or before the due second, red after it; None when it had ended."""
    return _end(clock, now=now, otherwise=Light.GREEN, act="finished", into=into)


def stop(*, clock: Clock, now: datetime, into: Turned | None = None) -> Act | None:
    """End the clock without a colour, unless it is red already: red stays; None when it had ended."""
    return _end(clock, now=now, otherwise=Light.NONE, act="stopped", into=into)


def recompute(*, clock: Clock, now: datetime, version_id: int, into: Turned | None = None) -> Act | None:
    """Move an open clock to another calendar version; an `Act` when its deadline changed by that, else None.

    What was spent in closed stretches stands; the stretch it is in is counted anew. Red stays red, and no change of a
    calendar makes a clock late in hindsight.
    """
    if clock.state == ClockState.STOPPED or clock.calendar_version_id == version_id:
        return None
    given = NATURAL if clock.limit_id is None else limits.terms_of(clock.limit_id, version_id)
    plan = replanned(clock, given=given, calendar=_calendar(given, version_id), now=now)
    if plan is None:
        _write(clock, into, calendar_version_id=version_id)
        return None
    before = clock.due_at
    changes = {"budget": plan.budget, "warn_at": plan.warn_at, "due_at": plan.due_at}
    _write(clock, into, calendar_version_id=version_id, **changes, next_at=_next_at(clock, changes))
    return None if plan.due_at == before else Act(clock, "recomputed", now, before.isoformat())


def replanned(clock: Clock, *, given: Terms, calendar: Calendar, now: datetime) -> Plan | None:
    """What `recompute` makes of the clock by another calendar; None where nothing is counted anew. Writes nothing."""
    if clock.state != ClockState.RUNNING or clock.run_since is None or clock.limit_id is None or is_red(clock, now):
        return None
    since, spent = clock.run_since, clock.spent
    plan = clock_rules.plan(given=given, calendar=calendar, since=since, spent=spent, budget=clock.budget)
    if plan.due_at < now:
        plan = clock_rules.plan_until(given=given, calendar=calendar, since=since, spent=spent, due_at=now)
    return plan


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a new clock goes by."""

    limit_id: int
    version_id: int
    given: Terms
    calendar: Calendar


def _rule(incident: Incident, unit: Unit | str, stage: Stage, *, now: datetime, rules: Rules | None) -> _Rule:
    rules = rules or Rules(at=now)
    tier = unit.kind if isinstance(unit, Unit) else known_kind(unit)
    limit_id = rules.limit_id(incident, stage=stage, tier=tier)
    version_id = rules.version_id(incident)
    given = limits.terms_of(limit_id, version_id)
    return _Rule(limit_id, version_id, given, _calendar(given, version_id))


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
        calendar_version_id=rule.version_id,
        budget=plan.budget,
        started_at=since,
        run_since=since,
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
    calendar = _own_time(clock)[1]
    spent = clock.spent + max(0, calendar.elapsed(clock.run_since, now))
    return max(spent, clock.budget + 1) if is_red(clock, now) else min(spent, clock.budget)


def _own_time(clock: Clock) -> tuple[Terms, Calendar]:
    given = NATURAL if clock.limit_id is None else limits.terms_of(clock.limit_id, clock.calendar_version_id)
    return given, _calendar(given, clock.calendar_version_id)


def _calendar(given: Terms, version_id: int) -> Calendar:
    return calendar_rows.calendar_for(version_id, working=given.working)


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
