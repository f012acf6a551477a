"""Overdue is noticed and acted on here, by any number of processes at once, without anybody opening a page.

One pass looks whether anything is due (one statement, and that is all where nothing is), claims it (the clock together
with its incident, never waiting for a lock), announces lights for all of it in a few statements, and makes the moves
that follow, some dozens in one transaction. What somebody else holds stays due for the next pass. Where a row fails its
companions are taken one by one and the row is put aside, so that it never stops the others. The cost follows what is
due, not what is open.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from dispatch import presses
from dispatch.models import Ticker
from grids.levels import UnitKind, kind_of_code
from incidents import clock_rules, clock_steps, in_hand, lifecycle, limits, records
from incidents.clock_steps import Announcement
from incidents.in_hand import InHand
from incidents.lifecycle import Details
from incidents.models import Clock, Light, RedAction, Subject
from incidents.states import MOVES, Stage

log = logging.getLogger(__name__)

BATCH = 200
# So many moves are made and committed together: few enough that nobody who presses a button waits for long.
MOVES_AT_ONCE = 50
# A process that finds nothing due signs only this often.
SIGN_EVERY = timedelta(seconds=10)
# Nothing is overlooked below the bound for longer than between two full passes.
SLACK = timedelta(minutes=5)
FULL_EVERY = timedelta(minutes=1)
# Two clocks must agree before anything is announced that cannot be unsaid.
LARGEST_SKEW = timedelta(seconds=30)
SMALLEST_STEP_BACK = timedelta(seconds=1)
FORGOTTEN_AFTER = timedelta(days=7)
# Only these limits move an incident; red on any other stage tells people.
MOVING_STAGES = frozenset({Stage.ACCEPT, Stage.HANDLE})


def never() -> bool:
    return False


@dataclass
class SweepResult:
    """What one pass, or several, did. `drained`: nothing due was left unclaimed. `refused`: why it did not run."""

    claimed: int = 0
    lights: int = 0
    moved: int = 0
    failed: int = 0
    drained: bool = False
    refused: str = ""
    moves: list[tuple[int, str]] = field(default_factory=list)

    @property
    def acted(self) -> int:
        return self.lights + self.moved

    def add(self, other: "SweepResult") -> None:
        """Add what another pass did."""
        self.claimed += other.claimed
        self.lights += other.lights
        self.moved += other.moved
        self.failed += other.failed
        self.moves += other.moves
        self.drained, self.refused = other.drained, other.refused


def sweep(
    *,
    now: datetime | None = None,
    worker_now: datetime | None = None,
    limit: int = BATCH,
    ticker: str = "sweep",
    full: bool = False,
    enough: Callable[[], bool] = never,
) -> SweepResult:
    """One pass over at most `limit` due clocks. `now` is the database's clock unless a test passes another.

    `worker_now` is the caller's own clock: when the two disagree, or the database's went back, nothing is done.
    `full` ignores the lower bound, which is what the first pass and one pass a minute do anyway. `enough` is asked
    between two transactions: a process that shall end, or whose time is up, leaves the rest for the next pass.
    """
    seen = _look(ticker, now, full)
    if now is None and (trouble := _distrust(seen, worker_now)):
        log.error("the sweep refuses to run: %s", trouble)
        return SweepResult(refused=trouble)
    result = _pass(seen.low, seen.now, limit, enough) if seen.first_due else SweepResult()
    result.drained = result.claimed < limit and not enough()
    if result.claimed or seen.is_full or seen.signed is None or seen.now - seen.signed >= SIGN_EVERY:
        _sign(ticker, seen.now, result, full=seen.is_full and result.drained)
    return result


def sweep_until_drained(
    *,
    now: datetime | None = None,
    worker_now: datetime | None = None,
    ticker: str = "sweep",
    enough: Callable[[], bool] = never,
) -> SweepResult:
    """Passes until nothing due is left, or it is enough. `worker_now` is the caller's clock at the beginning."""
    total, began = SweepResult(), monotonic()
    while not (total.drained or total.refused or enough()):
        passed = timedelta(seconds=monotonic() - began)
        present = None if worker_now is None else worker_now + passed
        total.add(sweep(now=now, worker_now=present, ticker=ticker, enough=enough))
    return total


# What is asked of a clock and its incident to announce a light; a move takes the whole incident.
_OF_LIGHTS = (*(field.name for field in Clock._meta.concrete_fields), "incident__state", "incident__holder")


def due(low: datetime | None, now: datetime, limit: int) -> "QuerySet[Clock]":
    """The claim: due clocks with their incidents, oldest first, both locked, skipping what others hold.

    PostgreSQL takes the locks in the order named here: the incident first, as everywhere, and no clock without it.
    """
    waiting = Clock.objects.filter(next_at__lte=now)
    if low is not None:
        waiting = waiting.filter(next_at__gt=low)
    return _with_locks(waiting).defer(None).only(*_OF_LIGHTS)[:limit]


def _with_locks(clocks: "QuerySet[Clock]") -> "QuerySet[Clock]":
    return (
        clocks.select_related("incident")
        .defer("incident__text", "incident__point")
        .order_by("next_at", "pk")
        .select_for_update(skip_locked=True, of=("incident", "self"))
    )


def _pass(low: datetime | None, now: datetime, limit: int, enough: Callable[[], bool]) -> SweepResult:
    result = SweepResult()
    moving: list[int] = []
    together = MOVES_AT_ONCE
    try:
        with transaction.atomic():
            claimed = list(due(low, now, limit))
            result.claimed = len(claimed)
            moving = [clock.pk for clock in claimed if _moves(clock, now)]
            apart = set(moving)
            result.lights = _announce([clock for clock in claimed if clock.pk not in apart], now)
    except Exception:
        # One bad row must not stop the house: the same rows again, each by itself.
        log.exception("a batch of %d due clocks failed; taking them one by one", result.claimed)
        waiting = Clock.objects.filter(next_at__lte=now).order_by("next_at", "pk")
        moving, together = list(waiting.values_list("pk", flat=True)[:limit]), 1
        result.lights = 0
    for start in range(0, len(moving), together):
        if enough():
            break
        few = moving[start : start + together]
        if not _take(few, now, result):
            for pk in few if len(few) > 1 else ():
                if enough():
                    break
                _take([pk], now, result)
    return result


def _take(pks: Sequence[int], now: datetime, result: SweepResult) -> bool:
    """Announce these clocks and make their moves, all or nothing; whether it went well. A single one is put aside."""
    try:
        with transaction.atomic():
            moved, lights = _take_claimed(_one_per_incident(_with_locks(due_now(pks, now))), now)
    except Exception:
        if len(pks) > 1:
            log.exception("%d moves failed together; making them one by one", len(pks))
            return False
        log.exception("clock %d failed; it is put aside", pks[0])
        result.failed += 1
        _put_aside(pks[0], now)
        return False
    result.lights += lights
    result.moved += len(moved)
    result.moves += moved
    return True


def due_now(pks: Sequence[int], now: datetime) -> "QuerySet[Clock]":
    """Those of the clocks that are still due."""
    return Clock.objects.filter(pk__in=pks, next_at__lte=now)


def _one_per_incident(clocks: Iterable[Clock]) -> list[Clock]:
    """The first clock of each incident: at most one tier in one transaction, the rest stays due."""
    first: dict[int, Clock] = {}
    for clock in clocks:
        first.setdefault(clock.incident_id, clock)
    return list(first.values())


def _take_claimed(claimed: list[Clock], now: datetime) -> tuple[list[tuple[int, str]], int]:
    """Announce the claimed clocks and make the moves that follow; what moved how, and how many lights came on."""
    names = {clock.pk: _moves(clock, now) for clock in claimed}
    lights = _announce(claimed, now)
    moving = [clock for clock in claimed if names[clock.pk]]
    incidents = [clock.incident for clock in moving]
    several = in_hand.hold(incidents, now=now)
    for held, clock in zip(several, moving, strict=True):
        _move(held, names[clock.pk], clock)
    presses.follow(several)
    in_hand.write(*several)
    return [(clock.incident_id, names[clock.pk]) for clock in moving], lights


def _move(held: InHand, name: str, clock: Clock) -> None:
    about = {"because": "due", "clock": clock.pk, "stage": clock.stage}
    lifecycle.make(held, name=name, actor=None, details=Details(extra=about))


def _put_aside(pk: int, now: datetime) -> None:
    with transaction.atomic():
        clock = Clock.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if clock is not None:
            clock_steps.postpone(clock=clock, now=now)


def _announce(clocks: Sequence[Clock], now: datetime) -> int:
    """Announce every light due; a clock that is not due any more (somebody set a later date) is only rescheduled."""
    told = clock_steps.announce(clocks, now=now)
    records.record_lights([(light, _details(light, now)) for light in told if not _is_review(light)], now=now)
    taken = {light.clock.pk for light in told}
    for clock in clocks:
        if clock.pk not in taken:
            next_at = clock_rules.next_moment(step=clock.step, warn_at=clock.warn_at, due_at=clock.due_at)
            Clock.objects.filter(pk=clock.pk, seq=clock.seq).update(next_at=next_at)
    return len(told)


def _details(light: Announcement, now: datetime) -> dict[str, Any]:
    clock = light.clock
    about: dict[str, Any] = {
        "stage": clock.stage,
        "planned_at": light.planned_at.isoformat(),
        "due_at": clock.due_at.isoformat(),
        "superseded": light.superseded,
    }
    if clock.subject_kind != Subject.INCIDENT:
        about[clock.subject_kind] = clock.subject_id
    if light.light == Light.RED:
        action = _moves(clock, now) or _red_action(clock)
        if action == RedAction.ESCALATE and not _moves(clock, now):
            # At the top nobody stands above; while others are at work it stays where it is.
            action = RedAction.CARD.value
        about |= {"action": action, "card": action == RedAction.CARD}
    return about


def _is_review(light: Announcement) -> bool:
    """Whether it is the review date of a suspension: that is no lateness, the incident just goes on."""
    return light.clock.stage == Stage.PAUSE and light.light == Light.RED


def _moves(clock: Clock, now: datetime) -> str:
    """The move that follows from this clock at `now`: "escalate", "resume" or none.

    Asked of the locked rows, not of what was planned: an incident that moved on meanwhile is left alone.
    """
    if clock_rules.red_at(clock.due_at) > now or clock.subject_kind != Subject.INCIDENT:
        return ""
    action = _red_action(clock)
    if clock.stage == Stage.PAUSE:
        return "resume" if clock.incident.state in MOVES["resume"].sources else ""
    escalates = action == RedAction.ESCALATE and clock.stage in MOVING_STAGES
    if not escalates or clock.incident.state not in MOVES["escalate"].sources:
        return ""
    return "" if kind_of_code(clock.incident.holder_id) == UnitKind.DISTRICT else "escalate"


def _red_action(clock: Clock) -> str:
    return RedAction.CARD.value if clock.limit_id is None else limits.limit_row(clock.limit_id).red_action


def clock_trouble(*, now: datetime, worker_now: datetime | None, last_tick: datetime | None) -> str:
    """Why the two clocks cannot be trusted; empty when they can."""
    if worker_now is not None and abs(now - worker_now) > LARGEST_SKEW:
        return f"the database says {now.isoformat()}, this process {worker_now.isoformat()}"
    if last_tick is not None and last_tick - now > SMALLEST_STEP_BACK:
        return f"the database says {now.isoformat()}, but a pass ran at {last_tick.isoformat()}"
    return ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the database told: its time, who signed when, and the first moment due above the bound `low`."""

    now: datetime
    last_tick: datetime | None
    signed: datetime | None
    low: datetime | None
    first_due: datetime | None

    @property
    def is_full(self) -> bool:
        return self.low is None


_LOOK = "SELECT dispatch_look(%s, %s, %s, %s, %s)"


def _look(ticker: str, now: datetime | None, full: bool) -> _Seen:
    with connection.cursor() as cursor:
        asked: list[Any] = [ticker, now, full, FULL_EVERY, SLACK]
        cursor.execute(_LOOK, asked)
        return _Seen(*cursor.fetchone()[0])


# The latest moment this process saw on the database's clock, which it does not sign at every look.
_latest: datetime | None = None


def _distrust(seen: _Seen, worker_now: datetime | None) -> str:
    global _latest
    ticks = [tick for tick in (seen.last_tick, _latest) if tick is not None]
    trouble = clock_trouble(now=seen.now, worker_now=worker_now, last_tick=max(ticks, default=None))
    _latest = seen.now
    return trouble


_SIGN = """
INSERT INTO {table} AS ticker (name, last_tick, last_drained, last_full, acted)
VALUES (%(name)s, %(now)s, %(drained)s, %(full)s, %(acted)s)
ON CONFLICT (name) DO UPDATE SET last_tick = excluded.last_tick, acted = ticker.acted + excluded.acted,
    last_drained = coalesce(excluded.last_drained, ticker.last_drained),
    last_full = coalesce(excluded.last_full, ticker.last_full)
"""


def _sign(name: str, now: datetime, result: SweepResult, *, full: bool) -> None:
    """Sign the pass in a statement of its own, so that no sweeper ever waits for another's row."""
    given: dict[str, str | datetime | int | None] = {
        "name": name,
        "now": now,
        "drained": now if result.drained else None,
        "full": now if full else None,
        "acted": result.acted,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SIGN.format(table=Ticker._meta.db_table), given)
        if full:
            cursor.execute(f"DELETE FROM {Ticker._meta.db_table} WHERE last_tick < %s", [now - FORGOTTEN_AFTER])
