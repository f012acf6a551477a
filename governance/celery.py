"""The Celery app and its beat schedule, in code.

Deadlines live in PostgreSQL: a message only says "look now", so it may be lost,
doubled or late without harm, and no message ever carries an ETA.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

app = Celery("governance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
