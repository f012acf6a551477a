"""The settings of the tests with a real broker and a beat that calls every second."""

from tests.settings import *  # noqa: F403

CELERY_BROKER_URL = REDIS_URL  # noqa: F405
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "dispatch.tasks.sweep", "schedule": 1.0, "options": {"expires": 5}},
    "announce": {"task": "dispatch.tasks.announce", "schedule": 1.0, "options": {"expires": 5}},
}
