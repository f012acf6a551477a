"""Doors for Celery: a message only says "look now"; lost, late or doubled it does no harm."""

from celery import shared_task
from django.utils import timezone

from dispatch import watch
from governance import ending
from governance.redraw import scheduled


@shared_task(name="governance.tasks.publish_due_plans")
def publish_due_plans() -> None:
    """Publish the approved plans whose moment has come by the database's clock, whatever the worker's own says."""
    scheduled.publish_due(now=watch.database_now())


@shared_task(name="governance.tasks.end_due_units")
def end_due_units() -> None:
    """End the units whose planned end has come."""
    ending.end_due(now=timezone.now())
