"""What was done to clocks, and the two statements that write those of many at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grids import statements
from incidents import clock_rules
from incidents.models import Clock


class ClockMoved(RuntimeError):
    """Somebody else changed the clock since it was read; the whole transaction must look again."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to a clock, for the record: `as_json` goes into the details of the event of the move."""

    clock: Clock
    act: str
    at: datetime
    cause: str = ""

    def as_json(self) -> dict[str, Any]:
        """The act as plain values; `left` is in seconds of the limit's own kind of time."""
        clock = self.clock
        return {
            "clock": clock.pk,
            "seq": clock.seq,
            "stage": str(clock.stage),
            "unit": clock.unit_id,
            "act": self.act,
            "at": self.at.isoformat(),
            "cause": self.cause,
            "left": clock.budget - clock.spent,
            "due": None if clock_rules.is_endless(clock.due_at) else clock.due_at.isoformat(),
            "light": clock.final_light,
        }


# All that a change of a clock may write.
TURNED = (
    "calendar_version", "state", "pause_cause", "budget", "spent", "run_since", "warn_at", "due_at", "stopped_at",
    "next_at", "turned_at", "seq", "final_light",
)  # fmt: skip


class Turned:
    """Clocks that were started or changed and are not written yet."""

    def __init__(self) -> None:
        self._born: list[Clock] = []
        self._changed: dict[int, tuple[Clock, int]] = {}

    def add(self, clock: Clock) -> None:
        """Keep a new clock."""
        self._born.append(clock)

    def change(self, clock: Clock, changes: dict[str, Any]) -> None:
        """Make `changes` to the clock in hand; a clock that is new itself is written as it then is."""
        if clock.pk is not None:
            self._changed.setdefault(clock.pk, (clock, clock.seq))
        for name, value in changes.items():
            setattr(clock, name, value)

    @staticmethod
    def write(*gathered: "Turned") -> None:
        """Write all in two statements: what ends goes before what begins. Raises ClockMoved if one was changed."""
        changed = [pair for one in gathered for pair in one._changed.values()]
        written = statements.update([clock for clock, _seq in changed], TURNED, seen=[seq for _clock, seq in changed])
        if written != len(changed):
            raise ClockMoved(f"of clocks {[clock.pk for clock, _seq in changed]} some changed since they were read")
        statements.insert([clock for one in gathered for clock in one._born])
        for one in gathered:
            one.__init__()  # type: ignore[misc]
