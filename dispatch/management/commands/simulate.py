"""`manage.py simulate`: tells the past days of a district, or lets one go on in real time until told to stop."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from dispatch.simulation import story
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import World
from grids.levels import UnitKind
from grids.models import Unit


class Command(BaseCommand):
    help = "Plays the people of a district: the past days at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--district", default="511111", help="code of the district (default the demo's)")
        parser.add_argument("--days", type=int, default=21, help="so many days, ending now")
        parser.add_argument("--seed", type=int, default=1, help="same seed, same database: the same story")
        parser.add_argument("--incidents", type=int, default=1500, help="how many incidents in these days")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now().replace(microsecond=0)
        with connection.cursor() as c:
            c.execute("SET synchronous_commit TO off")
        start = now - timedelta(days=options["days"])
        world = World(district=options["district"], now=start, seed=options["seed"])
        timeline = Timeline(world)
        story.begin(world, timeline, story.births(world, start=start, end=now, count=options["incidents"]))
        timeline.run(now)
        self.stdout.write(str(dict(world.pressed)))
        self.stdout.write(str(dict(world.refused)))
