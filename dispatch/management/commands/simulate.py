"""`manage.py simulate`: tells the past days of a district, or lets one go on in real time until told to stop."""

import logging
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections, connection
from django.utils import timezone

from dispatch.management.loops import until_told_to_stop
from dispatch.simulation import story
from dispatch.simulation.realtime import RealTime
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import World
from grids.levels import UnitKind
from grids.models import Unit
from incidents.models import IncidentEvent

log = logging.getLogger(__name__)

TROUBLED_SECONDS = 5.0
FARTHEST_DAYS, MOST_INCIDENTS, FASTEST = 365, 100_000, 10_000.0


class Command(BaseCommand):
    help = "Plays the people of a district: its past days at once, or with --live in real time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--district", default="511111", help="code of the district (default: the demo's)")
        parser.add_argument(
            "--days", type=int, default=21,
            help="so many days, ending now (default 21); it takes about nine for every move to occur",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=1, help="same seed, same database, same moment: same story")
        parser.add_argument("--incidents", type=int, default=1500, help="how many in these days (default 1500)")
        parser.add_argument("--live", action="store_true", help="go on in real time until SIGINT or SIGTERM")
        parser.add_argument("--speed", type=float, default=1.0, help="with --live: people are so many times as fast")

    def handle(self, *args: Any, **options: Any) -> None:
        district = options["district"]
        self._refuse(district, options)
        # These are made-up acts: a server that crashes may lose the last of them, and no act waits for the disk.
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")
        if options["live"]:
            self._live(district, options)
        else:
            self._past(district, options)

    def _refuse(self, district: str, options: dict[str, Any]) -> None:
        """Raise CommandError for what cannot be, and where made-up incidents do not belong."""
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError("Made-up incidents do not belong here: set WANGGE_DEMO=1 to play them.")
        if not Unit.objects.filter(parent__parent=district, kind=UnitKind.VILLAGE).exists():
            raise CommandError(f"{district} is no district with villages: load_demo makes one.")
        if not 1 <= options["days"] <= FARTHEST_DAYS or not 1 <= options["incidents"] <= MOST_INCIDENTS:
            raise CommandError(f"--days is 1 to {FARTHEST_DAYS}, --incidents 1 to {MOST_INCIDENTS}.")
        if not 0 < options["speed"] <= FASTEST:
            raise CommandError(f"--speed is more than 0 and at most {FASTEST:g}.")

    def _past(self, district: str, options: dict[str, Any]) -> None:
        seed = options["seed"]
        if IncidentEvent.objects.filter(district=district, idempotency_key__startswith=f"sim-{seed}-").exists():
            raise CommandError(f"The story of seed {seed} is told already; another --seed tells another one.")
        until = timezone.now().replace(microsecond=0)
        start = until - timedelta(days=options["days"])
        world = World(district=district, now=start, seed=seed)
        timeline = Timeline(world)
        story.begin(world, timeline, story.births(world, start=start, end=until, count=options["incidents"]))
        timeline.run(until)
        self.stdout.write(f"{world.pressed.total()} acts, {world.refused.total()} came too late")
        for name, times in world.pressed.most_common():
            self.stdout.write(f"{times:6} {name}")

    def _live(self, district: str, options: dict[str, Any]) -> None:
        self.run = RealTime(district=district, seed=options["seed"], speed=options["speed"], now=timezone.now())
        stopping = until_told_to_stop(self.run.stop)
        self.stdout.write("going on in real time")
        while not stopping.is_set():
            stopping.wait(self._careful_turn(timezone.now()))
        self.stdout.write(f"stopped: {self.run.world.pressed.total()} acts, {self.run.world.refused.total()} too late")

    def _careful_turn(self, now: datetime) -> float:
        """One turn; how long to wait before the next, longer when the database is in trouble."""
        try:
            return self.run.turn(now)
        except Error:
            log.exception("a turn failed")
            connection.close()
            return TROUBLED_SECONDS
        finally:
            close_old_connections()
