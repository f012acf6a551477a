"""The house looks at itself once a minute: is anything late, untold, undelivered or not as the rules say?

Every question is answered by an index or asked of a sample, so that looking costs nothing that grows with what is open.
It repairs nothing, the next pass of the sweep does; it says so: in a row a minute (`SelfAudit`), on `/healthz`, on a
page for people, and by the silence of the outside address that is called only when all is well.
"""

import logging
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, Q, Sum

from dispatch import samples
from dispatch.models import Delivery, DeliveryState, SelfAudit, SweepFault, Ticker
from grids.models import HouseEvent
from incidents import calendar_warnings
from incidents.models import Clock, Unannounced

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
# A step, an event or a message that waits longer than this is late.
LATE = MINUTE
# A process signs every ten seconds and whenever it did something.
SILENT = timedelta(seconds=45)
# Beat comes every thirty seconds; four missed ones are no accident.
BEAT_SILENT = timedelta(minutes=2)
BEAT = "beat"
SKEW = timedelta(seconds=30)
KEPT = timedelta(days=30)
# More late steps are not counted one by one.
MANY = 1000
ENOUGH_ON_TIME = 0.95
CALL_SECONDS = 5


class State(StrEnum):
    """OK; WARN: worth a look; LATE: something does not happen that should."""

    OK = "ok"
    WARN = "warn"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question; `figures` are whole numbers, seconds or short texts."""

    name: str
    state: State
    figures: dict[str, Any] = field(default_factory=dict)


def look(now: datetime, *, worker_now: datetime | None = None) -> Iterator[Finding]:
    """The quick questions, about ten indexed reads; `worker_now` is the asking process's own clock."""
    yield _clocks_agree(now, worker_now)
    yield from _processes(now)
    yield _steps(now)
    yield _faults()
    yield _untold(now)
    yield _undelivered(now)


def audit(*, now: datetime, by: str, worker_now: datetime | None = None) -> SelfAudit | None:
    """Look, ask a sample of the record too, and keep the answer; None when this minute was looked at already."""
    minute = now.replace(second=0, microsecond=0)
    if SelfAudit.objects.filter(pk=minute).exists():
        return None
    before = SelfAudit.objects.order_by("-pk").values_list("last_event", flat=True).first()
    last_event, steps, on_time = _steps_since(before)
    findings = [*look(now, worker_now=worker_now), _punctual(steps, on_time), _record(), _calendars(now)]
    made = SelfAudit(
        minute=minute,
        at=now,
        by=by,
        passed=all(one.state != State.LATE for one in findings),
        findings=[asdict(one) for one in findings],
        steps=steps,
        on_time=on_time,
        last_event=last_event,
    )
    # Of two who looked in the same minute one is kept.
    SelfAudit.objects.bulk_create([made], ignore_conflicts=True)
    if not minute.minute:
        SelfAudit.objects.filter(pk__lt=minute - KEPT).delete()
    for one in findings:
        if one.state == State.LATE:
            log.error("self-audit: %s is late: %s", one.name, one.figures)
    return made


def database_now() -> datetime:
    """The database's clock, by which deadlines go."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def latest(now: datetime) -> SelfAudit | None:
    """The last look, if it is not older than five minutes."""
    return SelfAudit.objects.filter(pk__gte=now - 5 * MINUTE, pk__lte=now).order_by("-pk").first()


@dataclass(frozen=True, slots=True)
class Day:
    """A day of looks: how many, how many found all well, how many lights came on and how many of them on time."""

    looks: int
    passed: int
    steps: int
    on_time: int


def last_day(now: datetime) -> Day:
    """The looks of the last twenty-four hours. One query over at most 1,440 rows."""
    rows = SelfAudit.objects.filter(pk__gt=now - timedelta(days=1), pk__lte=now)
    found = rows.aggregate(
        looks=Count("pk"), passed=Count("pk", filter=Q(passed=True)), steps=Sum("steps"), on_time=Sum("on_time")
    )
    return Day(found["looks"], found["passed"], found["steps"] or 0, found["on_time"] or 0)


def call_outside(now: datetime) -> bool:
    """Tell the outside address that all is well, if one is set and the last look says so; whether it was told.

    A service that is not called for some minutes raises the alarm: also when this whole machine is gone.
    """
    address = settings.DEADMAN_URL
    if not address:
        return False
    last = SelfAudit.objects.filter(pk__gte=now - 2 * MINUTE, pk__lte=now).order_by("-pk").first()
    if last is None or not last.passed:
        return False
    try:
        with urllib.request.urlopen(address, timeout=CALL_SECONDS):
            return True
    except OSError as error:
        # The address may carry a key: only what went wrong is written down.
        log.warning("the outside address could not be called: %s", type(error).__name__)
        return False


# -- the questions ------------------------------------------------------------------------------------------------


def _clocks_agree(now: datetime, worker_now: datetime | None) -> Finding:
    apart = 0 if worker_now is None else round(abs((now - worker_now).total_seconds()))
    return Finding("clocks_agree", State.LATE if apart > SKEW.total_seconds() else State.OK, {"apart": apart})


def _processes(now: datetime) -> Iterator[Finding]:
    ticks = Ticker.objects.aggregate(
        last=Max("last_tick", filter=~Q(name=BEAT)),
        alive=Count("pk", filter=~Q(name=BEAT) & Q(last_tick__gte=now - SILENT)),
        beat=Max("last_tick", filter=Q(name=BEAT)),
    )
    spare = ticks["beat"] is not None and now - ticks["beat"] <= BEAT_SILENT
    swept = State.OK if ticks["alive"] else State.WARN if spare else State.LATE
    yield Finding("sweep", swept, {"processes": ticks["alive"], "seconds": _age(ticks["last"] or ticks["beat"], now)})
    yield Finding("beat", State.OK if spare else State.WARN, {"seconds": _age(ticks["beat"], now)})


def _steps(now: datetime) -> Finding:
    waiting = Clock.objects.filter(next_at__lt=now - LATE).order_by("next_at")
    first = Clock.objects.filter(next_at__lte=now).order_by("next_at").values_list("next_at", flat=True).first()
    late = waiting[: MANY + 1].count()
    return Finding("steps", State.LATE if late else State.OK, {"late": late, "lag": _age(first, now) or 0})


def _faults() -> Finding:
    open_faults = SweepFault.objects.filter(solved_at__isnull=True).count()
    return Finding("faults", State.LATE if open_faults else State.OK, {"open": open_faults})


def _untold(now: datetime) -> Finding:
    found = Unannounced.objects.aggregate(oldest=Min("event__recorded_at"))["oldest"]
    of_house = HouseEvent.objects.filter(announced_at=None).aggregate(oldest=Min("at"))["oldest"]
    oldest = min((one for one in (found, of_house) if one is not None), default=None)
    return Finding("untold", _late(oldest, now), {"seconds": _age(oldest, now)})


def _undelivered(now: datetime) -> Finding:
    due = Delivery.objects.filter(state=DeliveryState.WAITING, available_at__lte=now)
    oldest = due.aggregate(oldest=Min("available_at"))["oldest"]
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).count()
    state = _late(oldest, now)
    if state == State.OK and dead:
        state = State.WARN
    return Finding("undelivered", state, {"seconds": _age(oldest, now), "dead": dead})


def _steps_since(before: int | None) -> tuple[int, int, int]:
    """How far the record reaches, and of the lights that came on since `before` how many, and how many on time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM incidents_incidentevent")
        (last,) = cursor.fetchone()
        if before is None:
            return last, 0, 0
        given: list[Any] = [LATE, before, last]
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE recorded_at <= (details->>'planned_at')::timestamptz + %s) "
            "FROM incidents_incidentevent WHERE id > %s AND id <= %s AND kind IN ('light_yellow', 'light_red')",
            given,
        )
        steps, on_time = cursor.fetchone()
    return last, steps, on_time


def _punctual(steps: int, on_time: int) -> Finding:
    well = not steps or on_time / steps >= ENOUGH_ON_TIME
    return Finding("punctual", State.OK if well else State.WARN, {"steps": steps, "on_time": on_time})


def _record() -> Finding:
    ids = samples.draw()
    broken = samples.broken(ids)
    figures = {"incidents": len(ids), "broken": [{"name": one.name, "examples": one.examples} for one in broken]}
    return Finding("record", State.LATE if broken else State.OK, figures)


def _calendars(now: datetime) -> Finding:
    """Whether from December on the next year is published, and no calendar ends soon: worth a look, never late."""
    warnings = calendar_warnings.provisional_warning(now)
    told = [{"calendar": one.calendar.name, "code": one.code, "year": one.year} for one in warnings]
    return Finding("calendars", State.WARN if told else State.OK, {"warnings": told})


def _late(oldest: datetime | None, now: datetime) -> State:
    return State.LATE if oldest is not None and now - oldest > LATE else State.OK


def _age(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, int((now - moment).total_seconds()))
