"""The top floor: settings, wiring, command centre, evaluation, health."""

from governance.celery import app as celery_app

__all__ = ["celery_app"]
