"""Escalate and tell in a process that kills itself before its first statement, its second one, and so on to the end.

Run as `python -m tests.crash.dying MOMENT FILE`: each try is a fork. FILE gets a line for each: how it ended, and what
stood in the database then.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

MOST = 200


def main() -> None:
    import django

    django.setup()
    moment, told = datetime.fromisoformat(sys.argv[1]), Path(sys.argv[2])
    with told.open("w") as lines:
        for number in range(1, MOST):
            child = os.fork()
            if not child:
                _work(moment, number)
            status = os.waitpid(child, 0)[1]
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            lines.write(json.dumps({"killed": killed, "code": status, **_standing()}) + "\n")
            if not killed:
                break


def _work(moment: datetime, number: int) -> None:
    from django.db import connection

    from dispatch import notices, supervision

    left = number

    def deadly(execute: Callable[..., Any], *given: Any) -> Any:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*given)

    code = 1
    try:
        with connection.execute_wrapper(deadly):
            supervision.sweep(now=moment, full=True, ticker="dying")
            notices.announce_until_done(now=moment)
        code = 0
    finally:
        os._exit(code)


def _standing() -> dict[str, int | list[str]]:
    """What stands there; the connection is closed again before the next fork."""
    from django.db import connection

    from dispatch.models import Notice
    from incidents.models import Clock, Incident, IncidentEvent, Sight, Unannounced

    try:
        return {
            "kinds": list(IncidentEvent.objects.order_by("pk").values_list("kind", flat=True)),
            "moved": Incident.objects.filter(seq=2).count(),
            "clocks": Clock.objects.count(),
            "sights": Sight.objects.count(),
            "waiting": Unannounced.objects.count(),
            "notices": Notice.objects.count(),
        }
    finally:
        connection.close()


if __name__ == "__main__":
    main()
