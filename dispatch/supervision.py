"""Overdue is noticed and acted on here, by any number of processes at once, without anybody opening a page.

One pass looks whether anything is due (one statement, and that is all where nothing is), claims it (the clock together
with its incident, never waiting for a lock), announces lights for all of it in one statement, and makes the moves and
draws the cards that follow, some dozens in one transaction. What somebody else holds stays due for the next pass. Where
a row fails its companions are taken one by one and the row is put aside, so that it never stops the others. Where the
database fails (a connection that breaks, a deadlock) no row is to blame: all stays due. The cost follows what is due,
not what is open.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from dispatch import cards, consequences, faults, presses
from dispatch.models import Ticker
from incidents import clock_steps, escalations, in_hand, late_binding, lifecycle
from incidents.clock_rules import RED_SAID, Steps
from incidents.clock_steps import Announcement, Due
from incidents.in_hand import InHand
from incidents.lifecycle import Details
from incidents.models import Clock, EscalationRule, Incident, Subject

log = logging.getLogger(__name__)

BATCH = 200
# So many moves and cards are made and committed together: few enough that nobody who presses a button waits for long.
ACTS_AT_ONCE = 50
# A process that finds nothing due signs only this often.
SIGN_EVERY = timedelta(seconds=10)
# Nothing is overlooked below the bound for longer than between two full passes.
SLACK = timedelta(minutes=5)
FULL_EVERY = timedelta(minutes=1)
# Two clocks must agree before anything is announced that cannot be unsaid.
LARGEST_SKEW = timedelta(seconds=30)
SMALLEST_STEP_BACK = timedelta(seconds=1)
FORGOTTEN_AFTER = timedelta(days=7)


def never() -> bool:
    return False


@dataclass
class SweepResult:
    """What one pass, or several, did. `drained`: nothing due was left. `refused`: why it did not run.

    `left` to the next pass are clocks that went over to a newer calendar, the second one of an incident, those that
    missed more than is taken at once, and the `interrupted`: those the database failed with.
    """

    claimed: int = 0
    lights: int = 0
    moved: int = 0
    cards: int = 0
    left: int = 0
    failed: int = 0
    interrupted: int = 0
    drained: bool = False
    refused: str = ""
    moves: list[tuple[int, str]] = field(default_factory=list)

    @property
    def acted(self) -> int:
        return self.lights + self.moved + self.cards

    def add(self, other: "SweepResult") -> None:
        """Add what another pass did."""
        self.claimed += other.claimed
        self.lights += other.lights
        self.moved += other.moved
        self.cards += other.cards
        self.left = other.left
        self.failed += other.failed
        self.interrupted = other.interrupted
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
    result.drained = result.claimed < limit and not result.left and not enough()
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
    """Passes until nothing due is left, or it is enough, or the database fails with all there is.

    `worker_now` is the caller's clock at the beginning.
    """
    total, began = SweepResult(), monotonic()
    while not (total.drained or total.refused or enough()):
        passed = timedelta(seconds=monotonic() - began)
        present = None if worker_now is None else worker_now + passed
        one = sweep(now=now, worker_now=present, ticker=ticker, enough=enough)
        total.add(one)
        if one.interrupted and not one.acted:
            break
    return total


# The moments are given as questions, so that no estimate of how much is due makes PostgreSQL leave the index's order.
_CLAIM = f"""
SELECT clock.id, clock.incident_id, clock.unit_id, clock.subject_kind, clock.subject_id, clock.stage, clock.limit_id,
       clock.escalation_id, clock.calendar_version_id, clock.state, clock.warn_at, clock.due_at, clock.next_at,
       clock.step, clock.seq, incident.state, incident.holder_id
  FROM {Clock._meta.db_table} AS clock JOIN {Incident._meta.db_table} AS incident ON incident.id = clock.incident_id
 WHERE clock.next_at <= (SELECT %s::timestamptz) AND {{which}}
 ORDER BY clock.next_at, clock.id LIMIT %s FOR UPDATE OF incident, clock SKIP LOCKED
"""


def claim(low: datetime | None, now: datetime, limit: int) -> tuple[str, list[Any]]:
    """The claim, SQL and values: due clocks with their incidents, oldest first, both locked, skipping what others hold.

    PostgreSQL takes the locks in the order named there: the incident first, as everywhere, and no clock without it.
    """
    if low is None:
        return _CLAIM.format(which="TRUE"), [now, limit]
    return _CLAIM.format(which="clock.next_at > (SELECT %s::timestamptz)"), [now, low, limit]


def _claimed(sql: str, values: list[Any]) -> list[Due]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Due(*row) for row in cursor.fetchall()]


def _pass(low: datetime | None, now: datetime, limit: int, enough: Callable[[], bool]) -> SweepResult:
    result = SweepResult()
    acting: list[int] = []
    together = ACTS_AT_ONCE
    try:
        with transaction.atomic():
            claimed = _claimed(*claim(low, now, limit))
            result.claimed = len(claimed)
            current = late_binding.rebound(claimed, now=now)
            known = {due.pk: clock_steps.due_steps(due, now) for due in current}
            result.left = len(claimed) - len(current) + sum(steps.are_cut(now) for steps in known.values())
            acting = [due.pk for due in current if _acts(due, known[due.pk])]
            apart = set(acting)
            result.lights = len(_announce([due for due in current if due.pk not in apart], now, known))
    except Exception as error:
        result.lights = result.left = 0
        if _interrupted(error, result.claimed or 1, result):
            return result
        # One bad row must not stop the house: the same rows again, each by itself.
        log.exception("a batch of %d due clocks failed; taking them one by one", result.claimed)
        waiting = Clock.objects.filter(next_at__lte=now).order_by("next_at", "pk")
        acting, together = list(waiting.values_list("pk", flat=True)[:limit]), 1
    for start in range(0, len(acting), together):
        if enough():
            break
        few = acting[start : start + together]
        if not _take(few, now, result):
            for pk in few if len(few) > 1 else ():
                if enough():
                    break
                _take([pk], now, result)
    return result


def _take(pks: Sequence[int], now: datetime, result: SweepResult) -> bool:
    """Announce these clocks and do what follows, all or nothing; False when one fails, which alone is put aside.

    Those the database failed with are left as they were.
    """
    try:
        with transaction.atomic():
            claimed = _claimed(_CLAIM.format(which="clock.id = ANY(%s)"), [now, list(pks), len(pks)])
            current = _one_per_incident(claimed)
            if len(pks) == 1:
                # It may come from a batch that failed before it was looked at.
                current = late_binding.rebound(current, now=now)
            left = len(claimed) - len(current)
            moved, lights, drawn = _take_claimed(current, now)
    except Exception as error:
        if _interrupted(error, len(pks), result):
            return True
        if len(pks) > 1:
            log.exception("%d clocks failed together; taking them one by one", len(pks))
            return False
        log.exception("clock %d failed; it is put aside", pks[0])
        result.failed += 1
        faults.put_aside(pks[0], error, now=now)
        return False
    result.left += left
    result.lights += lights
    result.cards += drawn
    result.moved += len(moved)
    result.moves += moved
    return True


def _interrupted(error: Exception, clocks: int, result: SweepResult) -> bool:
    """Whether the database failed and none of these clocks; if so they are left to the next pass."""
    if isinstance(error, SoftTimeLimitExceeded):
        # The worker wants its process back, however far this came.
        raise error
    if not faults.is_passing(error):
        return False
    log.warning("%d due clocks are left to the next pass: %s", clocks, error)
    result.left += clocks
    result.interrupted += clocks
    return True


def _one_per_incident(claimed: Iterable[Due]) -> list[Due]:
    """The first clock of each incident: at most one tier in one transaction, the rest stays due."""
    first: dict[int, Due] = {}
    for due in claimed:
        first.setdefault(due.incident_id, due)
    return list(first.values())


def _take_claimed(claimed: list[Due], now: datetime) -> tuple[list[tuple[int, str]], int, int]:
    """Announce the claimed clocks and do what follows; what moved how, how many lights came on, how many cards."""
    told = _announce(claimed, now)
    last = {light.clock.pk: light for light in told if not light.superseded}
    acts = {due.pk: consequences.follows(due, last[due.pk].step) for due in claimed if due.pk in last}
    acting = [due for due in claimed if consequences.is_act(acts.get(due.pk, ""))]
    if not acting:
        return [], len(told), 0
    several = in_hand.hold(in_hand.locked(*[due.incident_id for due in acting]), now=now)
    carded: list[tuple[InHand, Clock, EscalationRule | None, int]] = []
    for held, due in zip(several, acting, strict=True):
        if acts[due.pk] == consequences.CARD:
            clock = next(clock for clock in held.clocks if clock.pk == due.pk)
            carded.append((held, clock, escalations.rule_of(clock), last[due.pk].step))
        else:
            about = {"because": "due", "clock": due.pk, "stage": due.stage}
            lifecycle.make(held, name=acts[due.pk], actor=None, details=Details(extra=about))
    given = cards.by_policy(carded, now=now)
    presses.follow(several)
    in_hand.write(*several)
    moved = [(due.incident_id, acts[due.pk]) for due in acting if consequences.is_move(acts[due.pk])]
    return moved, len(told), len(given)


def _acts(due: Due, steps: Steps) -> bool:
    """Whether more follows from the clock than a line in the record."""
    return bool(steps.due) and consequences.is_act(consequences.follows(due, steps.due[-1][0]))


def _announce(claimed: Sequence[Due], now: datetime, known: Mapping[int, Steps] | None = None) -> list[Announcement]:
    """Take and record every step that is due. A red that moves its incident ends the clock."""
    ends = {due.pk for due in claimed if consequences.is_move(consequences.follows(due, RED_SAID))}
    return clock_steps.announce(claimed, now=now, describe=_details, ends=ends, known=known)


def _details(light: Announcement) -> dict[str, Any] | None:
    due = light.clock
    if not isinstance(due, Due) or consequences.is_silent(due, light.step):
        return None
    action = consequences.follows(due, light.step)
    about: dict[str, Any] = {
        "stage": due.stage,
        "planned_at": light.planned_at.isoformat(),
        "due_at": due.due_at.isoformat(),
        "superseded": light.superseded,
        "action": action,
    }
    if due.subject_kind not in (Subject.INCIDENT, Subject.CARD):
        # That the step draws a card is said below; which card was not answered says the clock.
        about[due.subject_kind] = due.subject_id
    if light.step >= RED_SAID:
        about["card"] = action == consequences.CARD
    if light.step > RED_SAID:
        about["time"] = light.step - RED_SAID
    return about


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
            faults.solve(now=now)
