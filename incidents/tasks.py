"""Doors for Celery: a message only says "look now"; lost, late or doubled it does no harm."""

import time

from celery import shared_task
from django.utils import timezone

from grids import waking
from incidents import calendar_drafts

# Well below the time limit of a task: beat calls again for what is left.
SECONDS = 45.0


@shared_task(name="incidents.tasks.change_calendars")
def change_calendars() -> None:
    """Go on with the changes of calendars that are counted through or applied."""
    end = time.monotonic() + SECONDS
    calendar_drafts.work_on_all(now=timezone.now, enough=lambda: time.monotonic() > end)


def wake() -> None:
    """Ask a worker to look at once."""
    waking.wake(change_calendars, command="change_calendars")
