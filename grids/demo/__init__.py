"""The demo district: real codes and names of places, made-up borders and people. Loading it twice changes nothing."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from grids.demo import borders, forces, ground, people, places

DISTRICT = places.DISTRICT
_SINCE = datetime(2025, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))


def load(*, now: datetime, logins: Path) -> list[str]:
    """Load what is missing of places, borders, dwellings and people; one line per step of what was done.

    `logins` is the file that keeps this database's one demo password.
    """
    since = min(_SINCE, now)
    with transaction.atomic():
        return [
            places.load(since=since),
            borders.load(since=since, now=now),
            ground.load(now=now),
            people.load(since=since, now=now, logins_file=logins),
            forces.load(since=since, now=now),
        ]
