"""A worker is asked to look at once; the row is the truth, so nothing is lost where there is no broker."""

import logging
from typing import Any

from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
# A message that lies longer than these seconds is nobody's any more: beat has called meanwhile.
EXPIRES = 60


def wake(task: Any, *, command: str) -> None:
    """Send the Celery `task` off; without a broker beat, or `manage.py <command>`, does later what there is to do."""
    try:
        task.apply_async(retry=False, expires=EXPIRES)
    except OperationalError:
        log.warning("no broker: what waits is done by `manage.py %s`", command)
