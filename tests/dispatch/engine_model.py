"""What the engine ought to do, said a second time and as plainly as possible: naive working time, clocks, incidents.

Nothing here asks the domain: days are walked one by one, the table of moves is written out again, and the colour of a
clock follows from what the model counted itself. `test_engine_model` plays both side by side.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

HERE = timezone(timedelta(hours=8))
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
UNPLANNED = datetime(9999, 1, 1, tzinfo=HERE)
HOUR, WORKING_DAY, NATURAL_DAY = 3600, 7 * 3600, 86_400
PERIODS = ((time(9), time(12)), (time(13, 30), time(17, 30)))

DISTRICT, TOWN, VILLAGE, DEPARTMENT = "511111", "511111100", "511111100001", "511111D01"
ABOVE = {VILLAGE: TOWN, TOWN: DISTRICT}


@dataclass(frozen=True)
class Days:
    """A working calendar: Monday to Friday, but for the days `off` and the other days worked, `on`."""

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def windows(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Work periods from the local day of `since` on."""
        day = since.astimezone(HERE).date()
        while True:
            if day in self.on or (day.weekday() < 5 and day not in self.off):
                for start, end in PERIODS:
                    yield datetime.combine(day, start, HERE), datetime.combine(day, end, HERE)
            day += DAY

    def count(self, a: datetime, b: datetime) -> int:
        total = timedelta()
        for start, end in self.windows(a):
            if start >= b:
                return int(total.total_seconds())
            total += max(timedelta(), min(end, b) - max(start, a))
        raise AssertionError

    def after(self, moment: datetime, seconds: int) -> datetime:
        """The first moment at which `seconds` of work have passed."""
        left = timedelta(seconds=seconds)
        for start, end in self.windows(moment):
            if not left:
                return moment
            here = max(timedelta(), end - max(start, moment))
            if here >= left:
                return max(start, moment) + left
            left -= here
        raise AssertionError

    def end_of_day(self, moment: datetime) -> datetime:
        """When the work of that day ends, or of the next working day if it has."""
        last = next(end for _start, end in self.windows(moment) if end >= moment)
        return max(end for _start, end in self._of(last))

    def _of(self, moment: datetime) -> list[tuple[datetime, datetime]]:
        return [
            (datetime.combine(moment.date(), start, HERE), datetime.combine(moment.date(), end, HERE))
            for start, end in PERIODS
        ]

    def next_day(self, moment: datetime) -> datetime:
        """When the work of the next working day begins."""
        midnight = datetime.combine(moment.astimezone(HERE).date() + DAY, time(0), HERE)
        return next(start for start, _end in self.windows(midnight))


@dataclass(frozen=True)
class Rule:
    """A limit and what follows from it: `red` is what red does; then it is done again every `every`, `times` times."""

    seconds: int
    working: bool
    red: str
    end_of_day: bool = False
    next_day: bool = False
    every: int = 0
    every_working: bool = False
    times: int = 0


RULES = {
    "accept": Rule(4 * HOUR, True, "escalate", every=2 * WORKING_DAY, every_working=True, times=1),
    "handle": Rule(2 * WORKING_DAY, True, "escalate"),
    "check": Rule(WORKING_DAY, True, "card"),
    "overall": Rule(5 * NATURAL_DAY, False, "remind"),
    "sign": Rule(2 * HOUR, False, "card", every=HOUR, times=2),
    "finish": Rule(WORKING_DAY, True, "card", end_of_day=True, every=4 * HOUR, every_working=True, times=3),
    "reply": Rule(WORKING_DAY, True, "remind", next_day=True),
    "pause": Rule(60 * NATURAL_DAY, False, "resume"),
}


@dataclass(eq=False)
class Clock:
    """One clock as the model counts it. `days` is the calendar it goes by."""

    stage: str
    unit: str
    subject: str
    days: Days
    started: datetime
    pk: int = 0
    subject_id: int = 0
    version: int = 0
    state: str = "running"
    cause: str = ""
    budget: int = 0
    spent: int = 0
    since: datetime | None = None
    warn: datetime = UNPLANNED
    due: datetime = UNPLANNED
    step: int = 0
    again: datetime | None = None
    final: str = ""
    turned: bool = False

    @property
    def rule(self) -> Rule:
        return RULES[self.stage]

    # -- time of its own kind

    def count(self, a: datetime, b: datetime) -> int:
        return self.days.count(a, b) if self.rule.working else int((b - a).total_seconds())

    def after(self, moment: datetime, seconds: int) -> datetime:
        return self.days.after(moment, seconds) if self.rule.working else moment + timedelta(seconds=seconds)

    def begins(self) -> datetime:
        return self.days.next_day(self.started) if self.rule.next_day else self.started

    # -- plans

    def begin(self, until: datetime | None = None) -> "Clock":
        self.since = self.begins() if until is None else self.started
        self._plan_until(self._due(self.rule.seconds) if until is None else until)
        return self

    def _due(self, nominal: int) -> datetime:
        assert self.since is not None
        due = self.after(self.since, max(0, nominal - self.spent))
        return self.days.end_of_day(due) if self.rule.end_of_day else due

    def _nominal(self) -> int:
        return min(self.rule.seconds, self.budget) if self.rule.end_of_day else self.budget

    def _plan_until(self, due: datetime) -> None:
        assert self.since is not None
        self.due, self.budget = due, max(1, self.spent + self.count(self.since, due))
        quarter = min(self.rule.seconds, self.budget) // 4
        self.warn = min(self.after(self.since, max(0, self.budget - quarter - self.spent)), due)

    def _repeat(self, planned: datetime) -> datetime | None:
        rule = self.rule
        if self.step - 2 >= rule.times:
            return None
        return self.days.after(planned, rule.every) if rule.every_working else planned + timedelta(seconds=rule.every)

    # -- what happens to it

    def is_red(self, now: datetime) -> bool:
        if self.state == "stopped":
            return self.final == "red"
        return self.spent > self.budget if self.state == "paused" else now >= self.due + SECOND

    def light(self, now: datetime) -> str:
        if self.state == "stopped":
            return self.final
        if self.is_red(now):
            return "red"
        if self.state == "paused":
            return "paused"
        return "yellow" if now >= self.warn else "unlit"

    def _close_stretch(self, now: datetime) -> None:
        if self.state == "running":
            assert self.since is not None
            spent, red = self.spent + max(0, self.count(self.since, now) if now > self.since else 0), self.is_red(now)
            self.spent = max(spent, self.budget + 1) if red else min(spent, self.budget)
        self.since = None

    def pause(self, now: datetime, cause: str) -> None:
        if self.state == "running":
            self._close_stretch(now)
            self.state, self.cause, self.turned = "paused", cause, True

    def resume(self, now: datetime) -> None:
        if self.state != "paused":
            return
        red, before = self.is_red(now), self.due
        self.state, self.cause = "running", ""
        self.since = now if red or self.spent else max(now, self.begins())
        if red:
            self.again = self._repeat(now) if self.step >= 2 else None
            return
        self._plan_until(self._due(self._nominal()))
        if self.due < before:
            self._plan_until(before)

    def end(self, now: datetime, *, finished: bool) -> None:
        if self.state != "stopped":
            red = self.is_red(now) and self.stage != "pause"
            self._close_stretch(now)
            self.state, self.cause, self.final = "stopped", "", "red" if red else "green" if finished else "none"

    def rebind(self, version: int, days: Days, made: datetime) -> None:
        """Go over to a calendar that was made at that moment; red stays red, and nothing is late in hindsight."""
        if self.state == "stopped" or self.version == version:
            return
        self.version, self.days = version, days
        if self.state != "running" or self.is_red(made):
            return
        if not self.turned:
            self.since = self.begins()
        assert self.since is not None
        self._plan_until(self._due(self._nominal()))
        if self.due < made:
            self._plan_until(made)

    # -- what comes by itself

    def planned(self) -> datetime | None:
        """When the next step is due; None when none is."""
        if self.state != "running":
            return None
        return self.again if self.step >= 2 else self.due + SECOND if self.step else min(self.warn, self.due + SECOND)

    def take(self) -> None:
        """The next step was announced."""
        planned = self.planned()
        self.step += 1
        if self.step >= 2:
            assert planned is not None
            self.again = self._repeat(planned)


# Begins a clock of a stage against a unit, where it has a date of its own until that.
Start = Callable[..., Clock]


@dataclass(eq=False)
class Incident:
    """One incident: its state, who holds it, whom it came from, and every clock it ever had."""

    pk: int
    state: str = "reported"
    holder: str = VILLAGE
    came_from: str = ""
    sent_back: list[str] = field(default_factory=list)
    before: str = ""
    answered_by: str = ""
    by_order: bool = False
    order: str = ""
    clocks: list[Clock] = field(default_factory=list)

    @property
    def open_clocks(self) -> list[Clock]:
        return [clock for clock in self.clocks if clock.state != "stopped"]

    def of(self, *stages: str) -> list[Clock]:
        return [clock for clock in self.open_clocks if clock.stage in stages]

    def moves(self) -> list[str]:
        """What people may do now."""
        both = ["escalate"] * (self.holder in ABOVE)
        both += ["send_back"] * (bool(self.came_from) and self.sent_back.count(self.came_from) < 2)
        aside = ["suspend"] * (self.holder != VILLAGE)
        open_order = ["return"] * (self.order in ("called", "signed"))
        replies = ["reply"] * bool(self.of("reply"))
        return replies + {
            "reported": ["accept", "dismiss", *both],
            "accepted": ["answer", *both, *aside, *["dispatch"] * (self.holder == DISTRICT)],
            "dispatched": [{"called": "sign", "signed": "feed_back"}[self.order], *open_order, *aside]
            if self.state == "dispatched"
            else [],
            "answered": ["rework", "close"],
            "suspended": ["resume"],
        }.get(self.state, [])

    def make(self, move: str, now: datetime, start: Start, until: datetime | None = None) -> None:
        """What the move does to state, holder, orders and clocks; `start` begins a clock."""
        ended = {"escalate": ("accept",), "send_back": ("accept",), "accept": ("accept",), "answer": ("handle",),
                 "rework": ("check",), "close": ("check", "overall"), "sign": ("sign",), "feed_back": ("finish",),
                 "reply": ("reply",)}  # fmt: skip
        for clock in self.of(*ended.get(move, ())):
            if move != "reply" or clock is self.of("reply")[0]:
                clock.end(now, finished=True)
        getattr(self, f"_{move}")(now, start, until)

    def _accept(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.state = "accepted"
        start("handle", self.holder)

    def _arrive(self, at: str, now: datetime, start: Start) -> None:
        for clock in self.of("handle"):
            clock.end(now, finished=False)
        self.state, self.holder = "reported", at
        start("accept", at)

    def _escalate(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.came_from = self.holder
        self._arrive(ABOVE[self.holder], now, start)

    def _send_back(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.sent_back.append(self.came_from)
        back, self.came_from = self.came_from, ""
        self._arrive(back, now, start)

    def _answer(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.by_order, self.answered_by, self.came_from = self.state == "dispatched", self.holder, ""
        self.holder = self.holder if self.by_order else ABOVE.get(self.holder, self.holder)
        self.state = "answered"
        start("check", self.holder)

    def _rework(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.holder, self.state = self.answered_by, "dispatched" if self.by_order else "accepted"
        handle = start("handle", self.holder)
        if self.by_order:
            handle.pause(now, "dispatch")
            self.order = "called"
            start("sign", DEPARTMENT)

    def _dispatch(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.state, self.order = "dispatched", "called"
        for clock in self.of("handle"):
            clock.pause(now, "dispatch")
        start("sign", DEPARTMENT)

    def _sign(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.order = "signed"
        start("finish", DEPARTMENT)

    def _return(self, now: datetime, start: Start, until: datetime | None) -> None:
        for clock in self.of("sign", "finish"):
            clock.end(now, finished=False)
        self.state, self.order = "accepted", ""
        for clock in self.of("handle"):
            clock.resume(now)

    def _feed_back(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.order = ""
        self.make("answer", now, start)

    def _reply(self, now: datetime, start: Start, until: datetime | None) -> None:
        pass

    def _suspend(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.before, self.state = self.state, "suspended"
        for clock in self.open_clocks:
            clock.pause(now, "suspension")
        start("pause", self.holder, until)

    def _resume(self, now: datetime, start: Start, until: datetime | None) -> None:
        self.state = self.before
        for clock in self.open_clocks:
            if clock.stage == "pause":
                clock.end(now, finished=False)
            elif clock.cause == "suspension":
                clock.resume(now)

    def _dismiss(self, now: datetime, start: Start, until: datetime | None) -> None:
        self._over("dismissed", now)

    def _close(self, now: datetime, start: Start, until: datetime | None) -> None:
        self._over("closed", now)

    def _over(self, state: str, now: datetime) -> None:
        self.state = state
        for clock in self.open_clocks:
            clock.end(now, finished=False)
