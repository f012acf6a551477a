"""What was told long ago goes; what nobody read about open work, dead letters and the record stay."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import tidying
from dispatch.models import Delivery, DeliveryState, Notice
from incidents.models import IncidentEvent
from tests.dispatch.post import Post

SENT, DEAD, BUNDLED = DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.BUNDLED
YEARS = timedelta(days=401)


def aged(post: Post, *states: DeliveryState) -> list[int]:
    """One delivery for each state, that ended now."""
    post.reach(post.cast.village_clerk)
    post.arrives(len(states))
    rows = list(Delivery.objects.order_by("pk"))
    for row, state in zip(rows, states, strict=True):
        ended = {"digest": rows[0]} if state == BUNDLED else {"ended_at": post.now}
        Delivery.objects.filter(pk=row.pk).update(state=state, **ended)
    return [row.pk for row in rows]


def test_what_was_sent_long_ago_goes_and_dead_letters_and_the_record_stay(post: Post) -> None:
    _sent, dead, unknown = aged(post, SENT, DEAD, DeliveryState.UNKNOWN)
    events = IncidentEvent.objects.count()
    assert tidying.tidy(now=post.now + timedelta(days=399)) == (0, 0)
    assert tidying.tidy(now=post.now + YEARS)[1] == 1
    assert set(Delivery.objects.values_list("pk", flat=True)) == {dead, unknown}
    assert IncidentEvent.objects.count() == events


def test_what_was_told_together_goes_with_the_one_that_stood_for_it(post: Post) -> None:
    _first, _second, lost, with_lost = aged(post, SENT, BUNDLED, DEAD, BUNDLED)
    Delivery.objects.filter(pk=with_lost).update(digest=lost)
    assert tidying.tidy(now=post.now + YEARS)[1] == 2
    assert set(Delivery.objects.values_list("pk", flat=True)) == {lost, with_lost}


def test_what_was_read_or_is_over_leaves_the_inbox_and_what_waits_to_be_read_stays(post: Post) -> None:
    read, closed, waiting = post.arrives(), post.arrives(), post.arrives()
    Notice.objects.filter(incident=read).update(read_at=post.now)
    post.now += timedelta(minutes=1)
    type(closed).objects.filter(pk=closed.pk).update(state="dismissed", closed_at=post.now)
    told = Notice.objects.filter(incident=waiting).count()
    assert told and tidying.tidy(now=post.now + YEARS)[0] > 0
    assert {one.incident_id for one in Notice.objects.all()} == {waiting.pk}
    assert Notice.objects.count() == told


@pytest.mark.usefixtures("post")
def test_none_goes_where_the_house_keeps_everything(post: Post, settings: Any) -> None:
    aged(post, SENT)
    settings.NOTICE_DAYS = 0
    assert tidying.tidy(now=post.now + 10 * YEARS) == (0, 0)


def test_it_goes_slice_by_slice_and_stops_at_what_is_young(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(post, *[SENT] * 7)
    monkeypatch.setattr(tidying, "SLICE", 3)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert tidying.tidy(now=post.now + timedelta(days=1)) == (0, 0)
    assert len(queries) == 2, "one look at either table when nothing is old"
    assert tidying.tidy(now=post.now + YEARS)[1] == 7
    assert tidying.tidy(now=post.now + YEARS, enough=lambda: True) == (0, 0)
