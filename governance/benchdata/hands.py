"""Clocks in memory: the same rules as `incidents.clocks`, on rows that are not in the database yet."""

from dataclasses import dataclass, field
from datetime import datetime

from incidents import clock_rules
from incidents.calendars import Calendar
from incidents.clock_rules import RED_SAID, Repeats, Terms
from incidents.models import ClockState, Light, PauseCause, Subject
from incidents.states import Stage

RUNNING, PAUSED, STOPPED = ClockState.RUNNING.value, ClockState.PAUSED.value, ClockState.STOPPED.value


@dataclass(frozen=True, slots=True)
class Rule:
    """What a clock goes by: its limit, calendar version and escalation rule, and what they come to."""

    limit_id: int
    version_id: int
    escalation_id: int | None
    given: Terms
    calendar: Calendar
    repeats: Repeats | None = None


@dataclass(slots=True)
class Hand:
    """One clock. The fields are those of the row; `rule` stands for limit and calendar."""

    pk: int
    stage: Stage
    unit: str
    rule: Rule
    budget: int
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime
    subject_kind: str = Subject.INCIDENT.value
    subject_id: int = 0
    state: str = RUNNING
    cause: str = ""
    spent: int = 0
    run_since: datetime | None = None
    stopped_at: datetime | None = None
    next_at: datetime | None = None
    turned_at: list[datetime] = field(default_factory=list)
    step: int = 0
    seq: int = 0
    final: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it measures the incident itself."""
        return self.subject_id == 0

    def is_red(self, now: datetime) -> bool:
        """Whether the limit is exceeded at `now`."""
        if self.state == PAUSED:
            return self.spent > self.budget
        return clock_rules.red_at(self.due_at) <= now

    def pause(self, now: datetime, cause: PauseCause) -> None:
        """As `clocks.pause`."""
        if self.state != RUNNING:
            return
        self.spent = self._spent(now)
        self.state, self.cause, self.run_since, self.next_at = PAUSED, cause.value, None, None
        self.turned_at.append(now)
        self.seq += 1

    def resume(self, now: datetime) -> None:
        """As `clocks.resume`."""
        if self.state != PAUSED:
            return
        was_red, repeats = self.is_red(now), self.rule.repeats
        self.state, self.cause, self.run_since = RUNNING, "", now
        self.turned_at.append(now)
        if not was_red:
            given, calendar = self.rule.given, self.rule.calendar
            plan = clock_rules.plan(given=given, calendar=calendar, since=now, spent=self.spent, budget=self.budget)
            if plan.due_at < self.due_at:
                plan = clock_rules.plan_until(
                    given=given, calendar=calendar, since=now, spent=self.spent, due_at=self.due_at
                )
            self.budget, self.warn_at, self.due_at = plan.budget, plan.warn_at, plan.due_at
        self.next_at = clock_rules.next_moment(step=self.step, warn_at=self.warn_at, due_at=self.due_at)
        if repeats is not None and self.step >= RED_SAID:
            self.next_at = repeats.after(now, step=self.step)
        self.seq += 1

    def end(self, now: datetime, otherwise: Light) -> None:
        """As `clocks.finish` (otherwise green) and `clocks.stop` (otherwise none)."""
        red = self.is_red(now) and self.stage != Stage.PAUSE
        self.spent = self._spent(now)
        self.state, self.cause, self.run_since, self.next_at = STOPPED, "", None, None
        self.stopped_at, self.final = now, Light.RED.value if red else otherwise.value
        self.seq += 1

    def announce(self, now: datetime) -> list[tuple[int, int, datetime]]:
        """Take the steps due at `now`: (step, seq, the moment it was planned for) of each."""
        steps = clock_rules.steps(
            step=self.step,
            warn_at=self.warn_at,
            due_at=self.due_at,
            next_at=self.next_at,
            repeats=self.rule.repeats,
            now=now,
        )
        told = []
        for step, planned_at in steps.due:
            self.seq += 1
            self.step = step
            told.append((step, self.seq, planned_at))
        self.next_at = steps.next_at
        return told

    def _spent(self, now: datetime) -> int:
        if self.state != RUNNING or self.run_since is None:
            return self.spent
        spent = self.spent + max(0, self.rule.calendar.elapsed(self.run_since, now))
        return max(spent, self.budget + 1) if self.is_red(now) else min(spent, self.budget)


def start(
    *,
    pk: int,
    stage: Stage,
    unit: str,
    rule: Rule,
    now: datetime,
    due_at: datetime | None = None,
    subject: tuple[str, int] = (Subject.INCIDENT.value, 0),
) -> Hand:
    """A running clock, as `clocks.start`, or `clocks.start_until` when a due moment is given."""
    if due_at is None:
        plan = clock_rules.plan(given=rule.given, calendar=rule.calendar, since=now)
    else:
        plan = clock_rules.plan_until(given=rule.given, calendar=rule.calendar, since=now, due_at=due_at)
    return Hand(
        pk=pk,
        stage=stage,
        unit=unit,
        rule=rule,
        budget=plan.budget,
        started_at=now,
        run_since=plan.begins,
        warn_at=plan.warn_at,
        due_at=plan.due_at,
        next_at=clock_rules.next_moment(step=0, warn_at=plan.warn_at, due_at=plan.due_at),
        subject_kind=subject[0],
        subject_id=subject[1],
    )
