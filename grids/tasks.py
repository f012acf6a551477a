"""Doors for Celery: a message only says "look now"; lost, late or doubled it does no harm."""

import logging
import time

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from grids import proposals
from grids.exchange import waiting

log = logging.getLogger(__name__)

# Well below the time limit of a task: beat calls again for what is left.
SECONDS = 45.0


@shared_task(name="grids.tasks.find_proposals")
def find_proposals() -> None:
    """Find the proposals that wait."""
    end = time.monotonic() + SECONDS
    proposals.work_on_all(now=timezone.now, enough=lambda: time.monotonic() > end)


def wake() -> None:
    """Ask a worker to look at once; without a broker beat or the command does later what there is to do."""
    try:
        find_proposals.apply_async(retry=False, expires=60)
    except OperationalError:
        log.warning("no broker: the proposals wait for `manage.py find_proposals`")


@shared_task(name="grids.tasks.clear_map_files")
def clear_map_files() -> None:
    """Throw away map files that were sent and came to nothing."""
    waiting.sweep(now=timezone.now())
