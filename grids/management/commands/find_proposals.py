"""`manage.py find_proposals`: finds what a worker finds otherwise, until nothing waits."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from grids import proposals


class Command(BaseCommand):
    help = "Finds the proposals of plans that wait for it. Safe to repeat, beside workers too."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{proposals.work_on_all(now=timezone.now)} proposals ended")
