"""What the pages of the journey ask of the database: how many queries each, printed with -s, under a ceiling."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatch import notices
from dispatch.models import Assignment
from grids.models import Person
from tests.dispatch.play import Play, play

__all__ = ["play"]

Ask = tuple[Person, str, int]


def pages(play: Play) -> Iterator[Ask]:
    """Who opens what, and the most queries it may take, the session and the person included."""
    cast = play.cast
    fresh, answered = play.report(), play.answered()
    dispatched = play.dispatched(cast.department, cast.other_department)
    order = Assignment.objects.filter(incident=dispatched).first()
    assert order is not None
    notices.announce_until_done(now=play.now)
    for incident in (fresh, dispatched, answered):
        yield cast.district_dispatcher, f"/incidents/{incident.number}/", 15
        yield cast.district_dispatcher, f"/incidents/{incident.number}/panel/", 24
    yield cast.officer, f"/incidents/{answered.number}/", 16
    yield cast.village_clerk, f"/incidents/{fresh.number}/moves/escalate/", 24
    yield cast.district_dispatcher, f"/incidents/{dispatched.number}/orders/{order.pk}/replace/", 24
    for person, unit in (
        (cast.village_clerk, cast.village),
        (cast.town_clerk, cast.town),
        (cast.district_dispatcher, cast.district),
        (cast.handler, cast.department),
    ):
        yield person, f"/desk/{unit.pk}/", 12
    yield cast.officer, "/today/", 18
    yield cast.officer, "/mine/", 12
    yield cast.officer, "/report/", 14
    yield cast.officer, f"/report/sent/{fresh.number}/", 12
    yield cast.officer, "/inbox/", 8
    yield cast.district_clerk, "/incidents/", 12
    yield cast.district_head, "/dashboard/", 20
    yield cast.officer, "/frame/badges/", 8


def test_no_page_of_the_journey_asks_more_than_its_ceiling(play: Play, client: Client) -> None:
    play.now = timezone.now() - timedelta(hours=2)
    over = []
    for person, path, most in list(pages(play)):
        client.force_login(person)
        assert client.get(path).status_code == 200, path
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        print(f"{len(asked):3d} of {most:3d}  {path}")
        if len(asked) > most:
            over.append((path, len(asked), most, [query["sql"][:80] for query in asked.captured_queries]))
    assert over == []
