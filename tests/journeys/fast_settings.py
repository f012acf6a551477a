"""The house's own settings with a beat that does not let a test wait."""

from governance.settings import *  # noqa: F403
from governance.settings import CELERY_BEAT_SCHEDULE

CELERY_BEAT_MAX_LOOP_INTERVAL = 0.5
for entry in CELERY_BEAT_SCHEDULE.values():
    entry["schedule"] = 1.0
    entry["options"] = {"expires": 5}
