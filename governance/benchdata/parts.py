"""The pieces a tale is made of: who acts, an event, an order, a request, an inspection, and the running numbers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class Actor(NamedTuple):
    """Who acts, at which unit, by which duty; the system with none of them."""

    person: int | None = None
    unit: str | None = None
    duty: str = ""


SYSTEM = Actor()


class Told(NamedTuple):
    """One event, without its id."""

    at: datetime
    incident: int
    kind: str
    seq: int | None
    actor: Actor
    before: str
    after: str
    holder_before: str | None
    holder_after: str | None
    note: str
    details: dict[str, Any]
    clock: int | None
    clock_seq: int | None


@dataclass(slots=True)
class Order:
    """One assignment."""

    pk: int
    unit: str
    by: Actor
    role: str
    required: bool
    text: str
    called_seq: int
    called_at: datetime
    state: str = "called"
    round: int = 1
    seq: int = 0
    signed_at: datetime | None = None
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    feedback: str = ""
    return_reason: str = ""
    return_note: str = ""
    proposed_unit: str | None = None
    replaced_by: int | None = None


@dataclass(slots=True)
class Request:
    """One approval."""

    pk: int
    kind: str
    state: str
    holder: str
    asked_by: Actor
    asked_at: datetime
    reason: str
    review_at: datetime | None
    decided_by: int | None = None
    decided_at: datetime | None = None
    decision_note: str = ""


@dataclass(slots=True)
class Drawn:
    """One inspection."""

    pk: int
    unit: str
    at: datetime
    ended_at: datetime | None = None


class Ids:
    """Running numbers of the tables, continued from where their sequences stand."""

    def __init__(self, first: dict[str, int]) -> None:
        self.next = dict(first)

    def take(self, table: str) -> int:
        """The next id of a table."""
        self.next[table] += 1
        return self.next[table] - 1


class TooLate(Exception):
    """The moment lies at or after the end of the telling."""
