"""How much a provider takes: its tokens and its pauses, in the database, shared by all deliverers.

A bucket holds the moments its tokens were taken; each token comes back a whole window later. So no window of a minute,
wherever it begins, ever sees more than the limit; one that refills evenly lets nearly twice as many through, which
costs ten minutes of silence with some providers.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from dispatch.channels.ways import Limits
from dispatch.models import Bucket

# After so many failures in a row a provider is left alone for so long.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600))

Lanes = tuple[tuple[str, Limits], ...]


def closed_until(names: Collection[str], now: datetime) -> dict[str, datetime]:
    """The lanes among `names` that are closed, and until when. One query."""
    shut = Bucket.objects.filter(pk__in=names, closed_until__gt=now)
    return {one.lane: one.closed_until for one in shut if one.closed_until}


def take(lanes: Lanes, now: datetime) -> datetime:
    """Take a token of every limit and return `now`; or take none and return when there will be one of each."""
    names = [name for name, _limits in lanes]
    Bucket.objects.bulk_create([Bucket(lane=name) for name in names], ignore_conflicts=True)
    buckets = {one.lane: one for one in Bucket.objects.select_for_update().filter(pk__in=names).order_by("lane")}
    free_at = max(_free_at(buckets[name], limits, now) for name, limits in lanes)
    if free_at > now:
        return free_at
    for name, limits in lanes:
        if limits:
            longest = timedelta(seconds=max(seconds for _number, seconds in limits))
            taken = [at for at in buckets[name].taken if at > now - longest]
            Bucket.objects.filter(pk=name).update(taken=[*taken, now])
    return now


def closed(lane: str, now: datetime, wish: timedelta | None) -> datetime:
    """Close a lane, for as long as the provider wishes or longer with each failure in a row; until when."""
    Bucket.objects.bulk_create([Bucket(lane=lane)], ignore_conflicts=True)
    bucket = Bucket.objects.select_for_update().get(pk=lane)
    if bucket.closed_until and bucket.closed_until > now and wish is None:
        # Several were on their way together: they count as one failure.
        return bucket.closed_until
    pause = PAUSES[min(bucket.failures, len(PAUSES) - 1)] if wish is None else wish
    until = max(now + pause, bucket.closed_until or now)
    Bucket.objects.filter(pk=lane).update(closed_until=until, failures=min(bucket.failures + 1, 1000))
    return until


def opened(lane: str) -> None:
    """The provider took something: its failures are forgotten."""
    Bucket.objects.filter(pk=lane).exclude(failures=0, closed_until=None).update(failures=0, closed_until=None)


def _free_at(bucket: Bucket, limits: Limits, now: datetime) -> datetime:
    """The earliest moment from `now` on at which the lane is open and every limit has a token."""
    at = max(now, bucket.closed_until or now)
    for number, seconds in limits:
        if len(bucket.taken) >= number:
            at = max(at, sorted(bucket.taken)[-number] + timedelta(seconds=seconds))
    return at
