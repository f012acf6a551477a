"""People who press buttons on what sweepers are about to light, each on incidents of their own."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connections

from dispatch import moves
from dispatch.models import Approval
from grids.duties import Duty
from grids.models import Person
from grids.posts import appoint
from incidents.states import State
from tests.dispatch.play import Play


class Way(NamedTuple):
    """What is pressed one after the other, and where it leaves the incident."""

    presses: tuple[str, ...]
    ends: State


WAYS = (
    Way(("dismiss",), State.DISMISSED),
    Way(("accept",), State.ACCEPTED),
    Way(("accept", "ask_suspend", "grant"), State.SUSPENDED),
    Way(("accept", "ask_suspend", "grant", "resume"), State.ACCEPTED),
    Way(("accept", "answer", "close"), State.CLOSED),
)
PATIENCE_SECONDS = 60.0


class Presser(threading.Thread):
    """Somebody who takes incidents one after the other, each in the next of the ways."""

    def __init__(self, play: Play, ids: Sequence[int]) -> None:
        super().__init__(daemon=True)
        cast = play.cast
        self.work = [(pk, WAYS[number % len(WAYS)]) for number, pk in enumerate(ids)]
        self.done = 0
        self._by = {"grant": cast.village_head, "resume": cast.village_head, "close": cast.town_checker}
        self._clerk = cast.village_clerk

    def run(self) -> None:
        try:
            for pk, way in self.work:
                for name in way.presses:
                    self._press(pk, name, self._by.get(name, self._clerk))
                self.done += 1
        finally:
            connections.close_all()

    @staticmethod
    def _press(pk: int, name: str, by: Person) -> None:
        now = datetime.now(UTC)
        given: dict[str, Any] = {}
        if name == "ask_suspend":
            given["review_at"] = now + timedelta(days=10)
        if name == "grant":
            given["approval_id"] = Approval.objects.get(incident=pk).pk
        moves.perform(incident_id=pk, name=name, actor=by, now=now, note="等雨停", **given)


class People:
    """Several pressers at once; `work` is all that they take, with the way of each."""

    def __init__(self, play: Play, ids: Sequence[int], *, number: int) -> None:
        # Approvals are given where the incident lies.
        appoint(person=play.cast.village_head, unit=play.cast.village, duty=Duty.DUTY_CHIEF, since=play.now)
        self.pressers = [Presser(play, ids[start::number]) for start in range(number)]
        self.work = {pk: way for presser in self.pressers for pk, way in presser.work}

    def start(self) -> None:
        for presser in self.pressers:
            presser.start()

    def join(self) -> int:
        """How many incidents they took to the end."""
        for presser in self.pressers:
            presser.join(PATIENCE_SECONDS)
        return sum(presser.done for presser in self.pressers)

    def pressed(self, name: str) -> set[int]:
        """The incidents on which a button was pressed."""
        return {pk for pk, way in self.work.items() if name in way.presses}
