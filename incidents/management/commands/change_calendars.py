"""`manage.py change_calendars`: goes on with what a worker does otherwise, until nothing is left."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from incidents import calendar_drafts


class Command(BaseCommand):
    help = "Counts through and applies the changes of calendars that wait for it. Safe to repeat, beside workers too."

    def handle(self, *args: Any, **options: Any) -> None:
        for change in calendar_drafts.work_on_all(now=timezone.now):
            done = f"{change.done} of {change.total} clocks, {change.moved} deadlines moved"
            self.stdout.write(f"{change.calendar}: {change.state}, {done}")
