"""Doors for Celery: a message only says "look now"; lost, late or doubled it does no harm."""

import time

from celery import shared_task
from django.utils import timezone

from dispatch import delivery, notices, supervision, tidying, watch
from grids import posts

# Well below the time limit of a task: what is left is due again at the next beat.
SWEEP_SECONDS = 25.0
DELIVER_SECONDS = 10.0
TIDY_SECONDS = 20.0


@shared_task(name="dispatch.tasks.sweep")
def sweep() -> None:
    """Act on what is due; beat calls this as a spare for the `sweep` command."""
    end = time.monotonic() + SWEEP_SECONDS
    supervision.sweep_until_drained(worker_now=timezone.now(), ticker="beat", enough=lambda: time.monotonic() > end)


@shared_task(name="dispatch.tasks.announce")
def announce() -> None:
    """Tell people what nobody was told yet."""
    notices.announce_until_done(now=timezone.now())


@shared_task(name="dispatch.tasks.deliver")
def deliver() -> None:
    """Send what waits for addresses outside; `manage.py deliver` does the same without Celery."""
    end = time.monotonic() + DELIVER_SECONDS
    delivery.deliver_until_done(now=timezone.now(), enough=lambda: time.monotonic() > end)


@shared_task(name="dispatch.tasks.tidy")
def tidy() -> None:
    """Take away what was told long ago; what is left over goes within the next hour."""
    end = time.monotonic() + TIDY_SECONDS
    tidying.tidy(now=timezone.now(), enough=lambda: time.monotonic() > end)


@shared_task(name="dispatch.tasks.regrant")
def regrant() -> None:
    """Derive rights anew where a post began or ended."""
    posts.regrant_due(timezone.now())


@shared_task(name="dispatch.tasks.look_at_itself")
def look_at_itself() -> None:
    """Look whether anything is late, unless a sweeper just did, and tell the outside address when all is well."""
    now = watch.database_now()
    watch.audit(now=now, by="beat", worker_now=timezone.now())
    watch.call_outside(now)
