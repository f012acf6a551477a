"""`manage.py deliver`: sends what waits for addresses outside, where no Celery worker does it. Any number may run."""

import logging
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections, connection
from django.utils import timezone

from dispatch import delivery
from dispatch.management.loops import until_told_to_stop

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0


class Command(BaseCommand):
    """Mail, robots, text messages, webhooks."""

    help = "Sends what waits for addresses outside: once, or again and again until told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--once", action="store_true", help="send until nothing is due, then end")
        how.add_argument("--loop", action="store_true", help="go on until SIGTERM or SIGINT")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stopping = threading.Event()
        if options["once"]:
            self._turn()
            return
        self.stopping = until_told_to_stop()
        while not self.stopping.is_set():
            try:
                self._turn()
            except Error:
                # The database went away or broke off: look again soon, on a new connection.
                log.exception("a turn failed")
                connection.close()
            finally:
                close_old_connections()
            self.stopping.wait(PAUSE_SECONDS)

    def _turn(self) -> None:
        run = delivery.deliver_until_done(now=timezone.now(), enough=self.stopping.is_set)
        if run.found:
            log.info("sent %d, put off %d, failed %d", run.sent, run.put_off, run.failed)
