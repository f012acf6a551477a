"""Sends what waits for addresses outside, from a worker: never in the sweep, never inside a transaction.

A row goes waiting -> (claimed) -> sending -> sent, dead, unknown, or back to waiting. Claiming moves `available_at` to
the end of a lease, so a deliverer that dies before it began has changed nothing; `sending` is written before the first
byte leaves. Who finds a row `sending` whose lease is over cannot know whether it arrived: mail and robots get it once
more, with the same id in the text; a text message does not.
"""

import logging
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from dispatch import addresses, claims, lanes, messages
from dispatch.audience import Reason
from dispatch.channels import Dead, Message, Outcome, Reached, Retry, Sent
from dispatch.models import TELLING, Address, Delivery, DeliveryState, Notice
from grids import permissions, sealing
from grids.duties import Right
from grids.models import Person

log = logging.getLogger(__name__)

# How long before the end of a lease nothing new is begun.
RESERVE = timedelta(seconds=60)
LIMIT = 200
WORKERS = 8
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600))
# Whatever a provider wishes, what it put off a second time is not tried more often.
OFTENEST = timedelta(minutes=1)

WAITING, SENDING, BUNDLED = DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.BUNDLED
SENT, DEAD, UNKNOWN = DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.UNKNOWN


@dataclass
class Run:
    """What came of a pass."""

    found: int = 0
    sent: int = 0
    put_off: int = 0
    failed: int = 0


class Moment:
    """`now` as it goes on while providers are waited for."""

    def __init__(self, now: datetime) -> None:
        self._now, self._since = now, time.monotonic()

    def __call__(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._since)


def deliver_due(*, now: datetime, limit: int = LIMIT, only: Delivery | None = None) -> Run:
    """One pass: take what is due, or one row of it, send it, write down what came of it.

    Any number of deliverers may run.
    """
    moment, run = Moment(now), Run()
    if only is None:
        _recover(now)
    token = uuid4()
    run.found, claimed = claims.take(token, now, limit, only)
    if claimed:
        _send_all(claimed, token, moment, run)
    return run


def deliver_until_done(*, now: datetime, enough: Callable[[], bool] = lambda: False) -> Run:
    """Passes until nothing is due that could be sent now."""
    moment, total = Moment(now), Run()
    while not enough():
        run = deliver_due(now=moment())
        for name in ("found", "sent", "put_off", "failed"):
            setattr(total, name, getattr(total, name) + getattr(run, name))
        if not run.found:
            break
    return total


# -- what was left -------------------------------------------------------------------------------------------------


def _recover(now: datetime) -> None:
    """What a deliverer left behind while sending: once more where a second copy does no harm, else unknown."""
    with transaction.atomic():
        left = Delivery.objects.filter(state=SENDING, lease_until__lt=now).select_related("address")
        for row in left.order_by("lease_until").select_for_update(skip_locked=True, of=("self",))[:LIMIT]:
            log.warning("delivery %d was left while being sent", row.pk)
            _perhaps_again(row, "the deliverer stopped before it heard the answer", now, now)


# -- sending ------------------------------------------------------------------------------------------------


def _send_all(claimed: Sequence[Delivery], token: UUID, moment: Moment, run: Run) -> None:
    """Several lanes at once, on each one after the other; only this thread talks to the database."""
    written = _written(claimed)
    queues: dict[str, deque[Delivery]] = defaultdict(deque)
    for row in claimed:
        if row.pk in written:
            queues[row.address.lane].append(row)
        else:
            _again(row, "our own fault: no words for it", moment() + backoff(len(BACKOFF)), moment())
    end = moment() + claims.LEASE - RESERVE
    with ThreadPoolExecutor(WORKERS) as pool:
        running: dict[Future[Outcome], Delivery] = {}
        while queues or running:
            for lane in list(queues)[: WORKERS - len(running)]:
                row = queues[lane].popleft()
                if not queues[lane]:
                    del queues[lane]
                if moment() > end:
                    _release(row, token, moment())
                elif _begin(row, token, moment()):
                    running[pool.submit(_send, row, written[row.pk])] = row
                else:
                    run.put_off += 1
            for future in as_completed(list(running)):
                _mark(running.pop(future), future.result(), token, moment(), run)


def _written(claimed: Sequence[Delivery]) -> dict[int, Message]:
    """The words of each row. Two queries for all."""
    ids = [row.pk for row in claimed]
    full = Delivery.objects.select_related("address__person", *messages.NEEDED)
    bundled: dict[int, list[str]] = defaultdict(list)
    for digest, reason in Delivery.objects.filter(digest__in=ids).values_list("digest", "reason"):
        bundled[digest or 0].append(reason)
    written = {}
    for row in full.filter(pk__in=ids):
        try:
            written[row.pk] = messages.message_of(row, bundled[row.pk])
        except Exception:
            # One that cannot be put into words stops no other.
            log.exception("delivery %d has no words", row.pk)
    return written


def _begin(row: Delivery, token: UUID, now: datetime) -> bool:
    """Take the provider's tokens and write `sending`; False puts the row off until there are some."""
    with transaction.atomic():
        free_at = lanes.take(claims.way_of(row).lanes(row.address.lane), now)
        if free_at > now:
            _release(row, token, free_at)
            return False
        ours = Delivery.objects.filter(pk=row.pk, lease=token, state=WAITING)
        row.attempts += 1
        return bool(ours.update(state=SENDING, attempts=row.attempts, lease_until=now + claims.LEASE))


def _release(row: Delivery, token: UUID, at: datetime) -> None:
    ours = Delivery.objects.filter(pk=row.pk, lease=token, state=WAITING)
    ours.update(available_at=at, lease=None, lease_until=None)


def _send(row: Delivery, message: Message) -> Outcome:
    """Runs in a thread of its own and touches no database."""
    try:
        reached: Reached = addresses.opened(row.address)
    except sealing.Unsealable:
        return Dead("the key this address was sealed with is gone", permanent=True)
    try:
        return claims.way_of(row).send(reached, message)
    except Exception as error:
        # What the error says may hold the address: only its kind is kept.
        log.error("delivery %d: %s in the way %s", row.pk, type(error).__name__, row.address.channel)
        return Retry(f"our own fault: {type(error).__name__}", maybe=True)


# -- writing down what came of it ---------------------------------------------------------------------------


def _mark(row: Delivery, outcome: Outcome, token: UUID, now: datetime, run: Run) -> None:
    lane = claims.lane_names(row)[0]
    with transaction.atomic():
        ours = Delivery.objects.select_for_update().filter(pk=row.pk, lease=token, state=SENDING)
        if not ours.exists():
            log.warning("delivery %d took longer than its lease", row.pk)
            return
        if isinstance(outcome, Sent):
            lanes.opened(lane)
            claims.end(Q(pk=row.pk) | Q(digest=row.pk), SENT, now, provider_id=outcome.provider_id[:120], last_error="")
            run.sent += 1
        elif isinstance(outcome, Dead):
            claims.end(Q(pk=row.pk) | Q(digest=row.pk), DEAD, now, last_error=outcome.why[:200])
            if outcome.permanent:
                _switch_off(row, outcome.why, now)
            run.failed += 1
        elif _put_off(row, outcome, lane, now):
            run.put_off += 1
        else:
            run.failed += 1


def _put_off(row: Delivery, outcome: Retry, lane: str, now: datetime) -> bool:
    """Whether it is tried again; when the provider says, but not for ever every second, else after longer pauses."""
    own = backoff(row.attempts)
    at = now + (own if outcome.after is None else max(outcome.after, min(own, OFTENEST)))
    if outcome.shared:
        at = max(at, lanes.closed(lane, now, outcome.after))
    # All that was put off together does not come back together.
    at += timedelta(seconds=random.uniform(0, 1))
    if outcome.maybe:
        return _perhaps_again(row, outcome.why, at, now)
    return _again(row, outcome.why, at, now)


def _perhaps_again(row: Delivery, why: str, at: datetime, now: datetime) -> bool:
    """It may have arrived: sent again once if a second copy does no harm, else nobody knows."""
    if not claims.way_of(row).resends or row.resends:
        claims.end(Q(pk=row.pk) | Q(digest=row.pk), UNKNOWN, now, last_error=why[:200])
        return False
    return _again(row, why, at, now, resends=row.resends + 1)


def _again(row: Delivery, why: str, at: datetime, now: datetime, **more: int) -> bool:
    if at > row.give_up_at:
        claims.end(Q(pk=row.pk) | Q(digest=row.pk), DEAD, now, last_error=why[:200])
        return False
    changed = {"state": WAITING, "available_at": at, "lease": None, "lease_until": None, "last_error": why[:200]}
    Delivery.objects.filter(pk=row.pk).update(**changed, **more)
    return True


def backoff(attempts: int) -> timedelta:
    """The pause after so many attempts, between half and the whole of its step."""
    step = BACKOFF[min(max(attempts, 1), len(BACKOFF)) - 1]
    return step * random.uniform(0.5, 1)


def _switch_off(row: Delivery, why: str, now: datetime) -> None:
    """An address that takes nothing any more is left alone, and its owner is told so in the inbox.

    Of a group's robot that is who entered it, as long as they administer the unit: the notice names what was told.
    """
    used = Address.objects.filter(pk=row.address_id, sealed=row.address.sealed)
    if not used.update(enabled=False, trouble=why[:200]) or row.is_code:
        return
    owner = row.address.person or _keeper(row.address, now)
    if owner is None:
        return
    incident = Delivery.objects.filter(pk=row.pk).values_list("event__incident", flat=True)[0]
    told = Notice(
        event_id=row.event_id,
        incident_id=incident,
        house_event_id=row.house_event_id,
        person=owner,
        channel=row.address.channel,
        reason=Reason.UNREACHABLE,
        created_at=now,
    )
    Notice.objects.bulk_create([told], ignore_conflicts=True)


def _keeper(robot: Address, now: datetime) -> Person | None:
    person = robot.set_by
    return person if permissions.allows(person, Right.ADMINISTER, str(robot.unit_id), now=now) else None


# -- what failed --------------------------------------------------------------------------------------------


def replay(*, ids: Iterable[int], now: datetime) -> int:
    """Send these dead or unknown rows anew, each with another day's time; how many there were.

    What a digest stood for goes along with it.
    """
    failed = Q(TELLING, state__in=(DEAD, UNKNOWN))
    with transaction.atomic():
        heads = Delivery.objects.filter(failed, pk__in=list(ids)).select_for_update()
        chosen = list(heads.values_list("pk", "digest"))
        alone = {digest or pk for pk, digest in chosen}
        again = {"attempts": 0, "resends": 0, "ended_at": None, "last_error": "", "provider_id": ""}
        Delivery.objects.filter(failed, digest__in=alone).update(state=BUNDLED, **again)
        return Delivery.objects.filter(failed, pk__in=alone).update(
            state=WAITING, available_at=now, give_up_at=now + addresses.GIVE_UP, **again
        )
