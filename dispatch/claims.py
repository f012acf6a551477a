"""What a deliverer takes into its hands: due rows, under a lease, without what cannot or need not be sent now."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from dispatch import lanes
from dispatch.channels import WAYS, Way
from dispatch.models import TELLING, Delivery, DeliveryState

LEASE = timedelta(seconds=90)


def take(token: UUID, now: datetime, limit: int, only: Delivery | None = None) -> tuple[int, list[Delivery]]:
    """How many rows were due, and those of them to send now, each in our hands until its lease ends."""
    with transaction.atomic():
        due = Delivery.objects.filter(state=DeliveryState.WAITING, available_at__lte=now).select_related(
            "address__person"
        )
        due = due.filter(pk=only.pk) if only else due
        found = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("available_at", "pk")[:limit])
        rows = _bundled(_on_open_lanes(_still_wanted(found, now), now), now)
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease=token, lease_until=now + LEASE, available_at=now + LEASE
        )
    return len(found), rows


def _still_wanted(rows: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Without those whose address was switched off or whose owner's account was closed meanwhile."""
    wanted = [row for row in rows if _is_wanted(row)]
    gone = {row.pk for row in rows} - {row.pk for row in wanted}
    if gone:
        end(Q(pk__in=gone) | Q(digest__in=gone), DeliveryState.DEAD, now, last_error="the address is not in use")
    return wanted


def _is_wanted(row: Delivery) -> bool:
    address = row.address
    if address.person is not None and not address.person.is_active:
        return False
    if row.is_code:
        return bool(address.sealed and (address.coded_at or address.proven_at))
    return address.enabled


def _on_open_lanes(rows: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Without those whose provider is left alone for now; what would wait beyond its day is given up."""
    shut = lanes.closed_until({name for row in rows for name in lane_names(row)}, now)
    later: dict[datetime, list[Delivery]] = defaultdict(list)
    for row in rows:
        until = max((shut[name] for name in lane_names(row) if name in shut), default=None)
        if until is not None:
            later[until].append(row)
    for until, waiting in later.items():
        over = [row.pk for row in waiting if until > row.give_up_at]
        end(Q(pk__in=over) | Q(digest__in=over), DeliveryState.DEAD, now)
        Delivery.objects.filter(pk__in=[row.pk for row in waiting], state=DeliveryState.WAITING).update(
            available_at=until
        )
    put_off = {row.pk for waiting in later.values() for row in waiting}
    return [row for row in rows if row.pk not in put_off]


def lane_names(row: Delivery) -> list[str]:
    """The lanes it must be free on; the first is the one that closes."""
    return [name for name, _limits in way_of(row).lanes(row.address.lane)]


def _bundled(rows: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """One row stands for all of an address where too many wait, after a storm or an outage."""
    by_address: dict[int, list[Delivery]] = defaultdict(list)
    for row in rows:
        if not row.is_code:
            by_address[row.address_id].append(row)
    folded: set[int] = set()
    for address, waiting in by_address.items():
        if len(waiting) > settings.NOTICE_STORM:
            more = Delivery.objects.filter(TELLING, address=address, state=DeliveryState.WAITING, available_at__lte=now)
            ids = set(more.select_for_update(skip_locked=True).values_list("pk", flat=True)) - {waiting[0].pk}
            Delivery.objects.filter(digest__in=ids).update(digest=waiting[0])
            Delivery.objects.filter(pk__in=ids).update(
                state=DeliveryState.BUNDLED, digest=waiting[0], lease=None, lease_until=None
            )
            folded |= ids
    return [row for row in rows if row.pk not in folded]


def end(which: Q, state: DeliveryState, now: datetime, **more: str) -> None:
    """Write the last word about these rows and give them out of our hands."""
    Delivery.objects.filter(which).update(state=state, ended_at=now, lease=None, lease_until=None, **more)


def way_of(row: Delivery) -> Way:
    """The way by which a row leaves."""
    return WAYS[row.address.channel]
