"""Doors for Celery: a message only says "look now"; lost, late or doubled it does no harm."""

from celery import shared_task
from django.utils import timezone

from dispatch import notices, supervision
from grids import posts


@shared_task(name="dispatch.tasks.sweep")
def sweep() -> None:
    """Act on what is due; beat calls this as a spare for the `sweep` command."""
    supervision.sweep_until_drained(worker_now=timezone.now(), ticker="beat", most=20)


@shared_task(name="dispatch.tasks.announce")
def announce() -> None:
    """Tell people what nobody was told yet."""
    notices.announce_until_done(now=timezone.now())


@shared_task(name="dispatch.tasks.regrant")
def regrant() -> None:
    """Derive rights anew where a post began or ended."""
    posts.regrant_due(timezone.now())
