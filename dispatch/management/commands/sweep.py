"""`manage.py sweep --loop`: the process that watches the clocks and tells people. Any number may run."""

import logging
import os
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections, connection
from django.utils import timezone

from dispatch import notices, supervision, watch
from dispatch.management.loops import until_told_to_stop
from grids import posts

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
# What happened is told this soon, so that it is on open pages within two seconds: one look costs 0.2 ms.
TELL_SECONDS = 0.25
TROUBLED_SECONDS = 5.0


class Command(BaseCommand):
    """Acts on overdue clocks, tells people, renews rights at the edges of posts."""

    help = "Acts on overdue clocks and announces events: once, or again and again until told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group(required=True)
        how.add_argument("--once", action="store_true", help="work until nothing is due, then end")
        how.add_argument("--loop", action="store_true", help="go on until SIGTERM or SIGINT")
        parser.add_argument("--name", default="", help="the name to sign passes with; the host's by default")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stopping = threading.Event()
        self.looked: int | None = None
        self.ticker = options["name"] or f"{socket.gethostname()}:{os.getpid()}"
        if options["once"]:
            self._turn(until_drained=True)
            return
        self.stopping = until_told_to_stop()
        log.info("sweeping as %s", self.ticker)
        while not self.stopping.is_set():
            self._idle(self._careful_turn())
            self._look_at_itself()
        log.info("stopped")

    def _careful_turn(self) -> float:
        """One turn; how long to wait before the next: not at all while there is more, longer in trouble."""
        try:
            busy = self._turn(until_drained=False)
        except Error:
            # The database went away or broke off: look again soon, on a new connection.
            log.exception("a turn failed")
            connection.close()
            return TROUBLED_SECONDS
        finally:
            close_old_connections()
        return 0 if busy else IDLE_SECONDS

    def _idle(self, seconds: float) -> None:
        """Wait for the next turn; in quiet times look meanwhile whether there is anything to tell."""
        while 0 < seconds <= IDLE_SECONDS and not self.stopping.wait(TELL_SECONDS):
            seconds -= TELL_SECONDS
            if seconds > 0 and not self._told():
                break
        self.stopping.wait(max(0.0, seconds))

    def _told(self) -> bool:
        """Tell what waits; whether to look again before the next turn, which says what is wrong if something is."""
        try:
            return not notices.is_waiting() or notices.announce_pending(now=timezone.now()).events > 0
        except Error:
            connection.close()
            return False

    def _look_at_itself(self) -> None:
        """Once a minute, by whichever process comes first, and never in the way of the next turn."""
        now = timezone.now()
        if self.stopping.is_set() or now.minute == self.looked:
            return
        self.looked = now.minute
        try:
            watch.audit(now=watch.database_now(), by=self.ticker, worker_now=now)
        except Exception:
            log.exception("the house could not look at itself")
            connection.close()

    def _turn(self, *, until_drained: bool) -> bool:
        """Sweep and tell; whether there is more to do at once."""
        now = timezone.now()
        run = supervision.sweep_until_drained if until_drained else supervision.sweep
        swept = run(worker_now=now, ticker=self.ticker, enough=self.stopping.is_set)
        told = notices.announce_until_done(now=timezone.now())
        posts.regrant_due(timezone.now())
        if swept.acted or told:
            log.info("lights %d, moves %d, failed %d, notices %d", swept.lights, swept.moved, swept.failed, told)
        return not swept.drained and not swept.refused and not swept.interrupted
