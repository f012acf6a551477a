"""A piece of work in a process that kills itself before its first statement, its second one, and so on to the end.

Run as `python -m tests.crash.dying WORK MOMENT EVERY FILE`, WORK being one of `WORKS`: each try is a fork. FILE gets a
line for each: how it ended, and what stood in the database then. Of a long work it dies before EVERY so many statements
only, and always just before a transaction ends and just behind that.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

MOST = 400


def main() -> None:
    import django

    django.setup()
    (work, standing), moment, every = WORKS[sys.argv[1]], datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
    with Path(sys.argv[4]).open("w") as lines:
        for number in range(1, MOST):
            child = os.fork()
            if not child:
                _die(work, moment, number, every)
            status = os.waitpid(child, 0)[1]
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            lines.write(json.dumps({"killed": killed, "code": status, **_look(standing)}) + "\n")
            if not killed:
                break


def _die(work: Callable[[datetime], Any], moment: datetime, number: int, every: int) -> None:
    from django.db import connection

    left, said = number, 0

    def chance() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def deadly(execute: Callable[..., Any], *given: Any) -> Any:
        nonlocal said
        if said % every == 0:
            chance()
        said += 1
        return execute(*given)

    commit = connection._commit

    def deadly_commit() -> None:
        nonlocal said
        chance()
        commit()
        said = 0

    connection._commit = deadly_commit  # type: ignore[method-assign]
    code = 1
    try:
        with connection.execute_wrapper(deadly):
            work(moment)
        code = 0
    finally:
        os._exit(code)


def _look(standing: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What stands there; the connection is closed again before the next fork."""
    from django.db import connection

    try:
        return standing()
    finally:
        connection.close()


def _sweep(moment: datetime) -> None:
    from dispatch import notices, supervision

    supervision.sweep(now=moment, full=True, ticker="dying")
    notices.announce_until_done(now=moment)


def _swept() -> dict[str, Any]:
    from dispatch.models import Notice
    from incidents.models import Clock, Incident, IncidentEvent, Sight, Unannounced

    return {
        "kinds": list(IncidentEvent.objects.order_by("pk").values_list("kind", flat=True)),
        "moved": Incident.objects.filter(seq=2).count(),
        "clocks": Clock.objects.count(),
        "sights": Sight.objects.count(),
        "waiting": Unannounced.objects.count(),
        "notices": Notice.objects.count(),
    }


def _publish(moment: datetime) -> None:
    from dispatch import notices
    from governance.redraw import scheduled

    scheduled.publish_due(now=moment)
    notices.announce_until_done(now=moment)


def _published() -> dict[str, Any]:
    from dispatch.models import Notice
    from grids.models import Boundary, HouseEvent, Lineage, Plan, Post, Succession, Unit
    from incidents.models import Incident, IncidentEvent

    return {
        "plans": list(Plan.objects.order_by("pk").values_list("status", "publish_fault")),
        "units": list(Unit.objects.filter(retired_at=None, kind="grid").order_by("pk").values_list("pk", flat=True)),
        "areas": list(Boundary.objects.filter(valid__upper_inf=True).order_by("pk").values_list("pk", flat=True)),
        "posts": Post.objects.filter(period__upper_inf=True, period__isempty=False).count(),
        "places": list(Incident.objects.order_by("pk").values_list("place", "holder", "seq")),
        "record": list(IncidentEvent.objects.order_by("pk").values_list("kind", flat=True)),
        "traces": Lineage.objects.count() + Succession.objects.count(),
        "said": HouseEvent.objects.filter(kind="plan_published").count(),
        "told": Notice.objects.filter(house_event__kind="plan_published").count(),
    }


WORKS: dict[str, tuple[Callable[[datetime], Any], Callable[[], Mapping[str, Any]]]] = {
    "sweep": (_sweep, _swept),
    "publish": (_publish, _published),
}


if __name__ == "__main__":
    main()
