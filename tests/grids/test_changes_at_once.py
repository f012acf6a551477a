"""Two people change places or posts at the same moment, on real connections."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from grids import hierarchy, posts, registers
from grids.demo.places import REGISTER
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Post, Succession, Unit
from tests.cast import Cast

PATIENCE_SECONDS = 30
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[str]:
    """How each ended, sorted: "ok" or the code of its refusal; anything else is its text."""
    start = threading.Barrier(len(works))
    ended: list[str] = []

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
            ended.append("ok")
        except ValidationError as refused:
            ended.append(str(refused.code))
        except BaseException as error:
            ended.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return sorted(ended)


def test_a_register_loaded_twice_at_once_is_loaded_once(cast: Cast) -> None:
    load: Callable[[], Any] = lambda: registers.load(path=REGISTER, now=cast.now)  # noqa: E731
    assert at_once(load, load) == ["ok", "ok"]
    assert Unit.objects.filter(kind="village", code__startswith="511111").count() >= 148


def test_two_units_never_come_to_follow_each_other(cast: Cast) -> None:
    one, other = cast.department, cast.other_department
    ended = at_once(
        lambda: hierarchy.succeed(old=one, new=other, at=cast.now),
        lambda: hierarchy.succeed(old=other, new=one, at=cast.now),
    )
    assert ended == ["ok", "succession_retired"]
    assert Succession.objects.count() == 1
    assert Unit.objects.filter(pk__in=[one.pk, other.pk], retired_at__isnull=True).count() == 1


def test_a_vacant_grid_gets_one_primary_officer(cast: Cast) -> None:
    post = Post.objects.get(unit=cast.grid, duty=Duty.OFFICER)
    posts.relieve(post=post, at=cast.now)
    people = [cast.stranger, cast.village_clerk, cast.town_clerk]
    ended = at_once(
        *(
            lambda person=person: posts.appoint(
                unit=cast.grid, person=person, duty=Duty.OFFICER, since=cast.now, is_primary=True
            )
            for person in people
        )
    )
    assert ended.count("ok") == 1
    assert set(ended) <= {"ok", "post_surplus", "post_one_primary_officer"}
    assert Post.objects.filter(unit=cast.grid, is_primary=True, period__contains=cast.now).count() == 1


def test_two_administrators_who_retire_a_unit_retire_it_once(cast: Cast) -> None:
    retire: Callable[[], Any] = lambda: hierarchy.retire(unit=cast.office, now=cast.now, actor=cast.administrator)  # noqa: E731
    assert at_once(retire, retire) == ["ok", "ok"]
    assert Unit.objects.get(pk=cast.office.pk).retired_at == cast.now


def test_a_unit_is_followed_once_however_many_press_at_once(cast: Cast) -> None:
    succeed: Callable[[], Any] = lambda: hierarchy.succeed(  # noqa: E731
        old=cast.department, new=cast.other_department, at=cast.now, people_follow=True
    )
    assert at_once(succeed, succeed) == ["ok", "succession_once"]
    assert Post.objects.filter(unit=cast.other_department, person=cast.handler).count() == 1


def test_two_exchanges_of_the_same_officers_at_once_leave_one_officer_to_each_grid(cast: Cast) -> None:
    one = Post.objects.get(person=cast.officer, duty=Duty.OFFICER)
    other = Post.objects.get(person=cast.second_officer, duty=Duty.OFFICER)
    there = [posts.Change(one, cast.second_grid), posts.Change(other, cast.grid)]
    ended = at_once(
        lambda: posts.exchange(changes=there, at=cast.now, now=cast.now),
        lambda: posts.exchange(changes=there[::-1], at=cast.now, now=cast.now),
    )
    assert ended == ["ok", "post_over"]
    for grid, person in ((cast.grid, cast.second_officer), (cast.second_grid, cast.officer)):
        (post,) = Post.objects.filter(unit=grid, is_primary=True, period__contains=cast.now)
        assert post.person == person


def test_the_same_code_is_given_once(cast: Cast) -> None:
    create: Callable[[], Any] = lambda: hierarchy.create_unit(  # noqa: E731
        code="511111D03", kind=UnitKind.DEPARTMENT, name="新局", now=cast.now, actor=cast.administrator
    )
    assert at_once(create, create) == ["ok", "unit_code_taken"]
