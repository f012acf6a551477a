"""Two people press at the same moment, on real connections: one edit is made, the other one hears why not."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from grids import draft_edits
from grids.holds import PlanConflict
from grids.models import Person, Plan, PlanOperation
from tests.cast import Cast
from tests.grids.drafting import Pen, begin, field, frame

PATIENCE_SECONDS = 30
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[str]:
    """How each ended, sorted: "ok" or the code of the conflict."""
    start = threading.Barrier(len(works))
    ended: list[str] = []

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
            ended.append("ok")
        except PlanConflict as conflict:
            ended.append(conflict.code)
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


def test_one_of_two_edits_at_once_is_made(cast: Cast) -> None:
    plan = begin(cast, field(4, 2), frame(4, 2))
    keeper = Person.objects.create_superuser("keeper", "x", full_name="管理")

    def merging(keys: list[int], by: Person) -> Callable[[], Any]:
        def work() -> None:
            args = {"keys": keys, "into": keys[0]}
            draft_edits.operate(plan_id=plan.pk, seen=plan.revision, kind="merge", args=args, actor=by, now=cast.now)

        return work

    # The same person in two windows: the second one is stale. Two people: the second one finds it held.
    assert at_once(merging([1, 2], cast.administrator), merging([3, 4], cast.administrator)) == ["ok", "stale"]
    plan.refresh_from_db()
    Plan.objects.update(held_by=None, held_until=None)
    assert at_once(merging([5, 6], cast.administrator), merging([7, 8], keeper)) == ["held", "ok"]
    assert PlanOperation.objects.filter(plan=plan, kind="merge").count() == 2
    assert len(Pen(plan, cast.administrator, cast.now).rows) == 6
