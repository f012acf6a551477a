"""How many statements each press takes, the first and the last of its transaction included."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import moves, supervision
from incidents.models import Incident, TimeLimit
from incidents.states import Stage
from tests.dispatch.play import Order, Play

Press = Callable[[], object]


@contextmanager
def at_most(statements: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as asked:
        yield
    said = "\n".join(query["sql"][:150] for query in asked)
    assert len(asked) <= statements, f"{len(asked)} statements instead of {statements}:\n{said}"


@pytest.fixture
def warm(play: Play) -> Play:
    """Limits and calendars never change, so a process reads each of them once: here by telling a whole story."""
    incident = play.answered()
    play.press(incident, "close", play.cast.district_checker)
    return play


def test_a_report(warm: Play) -> None:
    with at_most(11):
        warm.report()
    with at_most(12):
        warm.report(idempotency_key="once")


def test_each_press_on_the_way_to_the_end(warm: Play) -> None:
    cast = warm.cast
    incident = warm.report()
    with at_most(10):
        warm.press(incident, "accept", cast.village_clerk)
    with at_most(13):
        warm.press(incident, "escalate", cast.village_clerk)
    warm.press(incident, "accept", cast.town_clerk)
    warm.press(incident, "escalate", cast.town_clerk)
    warm.press(incident, "accept", cast.district_clerk)
    with at_most(13):
        orders = [Order(unit, "请处置") for unit in (cast.department, cast.other_department)]
        warm.press(incident, "dispatch", cast.district_dispatcher, orders=orders)
    first, second = (warm.order(incident, unit).pk for unit in (cast.department, cast.other_department))
    with at_most(11):
        warm.press(incident, "sign", cast.handler, assignment_id=first)
    warm.press(incident, "sign", cast.other_handler, assignment_id=second)
    with at_most(12):
        warm.press(incident, "feed_back", cast.handler, assignment_id=first)
    with at_most(15):
        warm.press(incident, "feed_back", cast.other_handler, assignment_id=second)
    with at_most(11):
        warm.press(incident, "close", cast.district_checker)


def test_a_repeated_press_looks_once_and_changes_nothing(warm: Play) -> None:
    incident = warm.report()
    press = {"incident_id": incident.pk, "name": "accept", "actor": warm.cast.village_clerk, "now": warm.now}
    with at_most(11):
        moves.perform(**press, idempotency_key="once")
    with at_most(4):
        moves.perform(**press, idempotency_key="once")


def test_what_is_offered(warm: Play) -> None:
    cast = warm.cast
    offered = [
        (cast.village_clerk, warm.report()),
        (cast.town_dispatcher, warm.press(warm.press(warm.report(), "accept", cast.village_clerk), "escalate",
                                          cast.village_clerk)),
        (cast.district_dispatcher, warm.at_district()),
        (cast.handler, warm.dispatched(cast.department, cast.other_department)),
        (cast.district_dispatcher, warm.dispatched(cast.department)),
        (cast.district_checker, warm.answered()),
    ]  # fmt: skip
    for person, incident in offered:
        fresh = Incident.objects.get(pk=incident.pk)
        with at_most(10):
            assert moves.available(person=person, incident=fresh, now=warm.now) or person == cast.town_dispatcher


def test_a_look_that_finds_nothing_due_is_one_statement(warm: Play) -> None:
    now = warm.now + timedelta(seconds=1)
    supervision.sweep_until_drained(now=now)
    with at_most(1):
        assert supervision.sweep(now=now + timedelta(seconds=1)).drained


def test_a_limit_changed_by_another_process_holds_from_the_next_press_on(warm: Play) -> None:
    """Nothing that may change is kept between two presses: the row is changed behind everybody's back."""

    incident = warm.report()
    before = warm.clock(incident, Stage.ACCEPT)
    TimeLimit.objects.filter(pk=before.limit_id).update(retired_at=warm.now)
    limit = TimeLimit.objects.get(pk=before.limit_id)
    limit.pk, limit.retired_at, limit.replaces, limit.amount = None, None, None, limit.amount * 2
    limit.yellow_amount = None
    limit.created_at = warm.now
    limit.save(force_insert=True)
    after = warm.clock(warm.report(), Stage.ACCEPT)
    assert after.limit_id == limit.pk and after.budget == 2 * before.budget
