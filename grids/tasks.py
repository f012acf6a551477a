"""Doors for Celery: a message only says "look now"; lost, late or doubled it does no harm."""

import time

from celery import shared_task
from django.utils import timezone

from grids import proposals, waking
from grids.exchange import waiting

# Well below the time limit of a task: beat calls again for what is left.
SECONDS = 45.0


@shared_task(name="grids.tasks.find_proposals")
def find_proposals() -> None:
    """Find the proposals that wait."""
    end = time.monotonic() + SECONDS
    proposals.work_on_all(now=timezone.now, enough=lambda: time.monotonic() > end)


def wake() -> None:
    """Ask a worker to look at once."""
    waking.wake(find_proposals, command="find_proposals")


@shared_task(name="grids.tasks.clear_map_files")
def clear_map_files() -> None:
    """Throw away map files that were sent and came to nothing."""
    waiting.sweep(now=timezone.now())
