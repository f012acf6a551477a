"""The ways in which a notice reaches a person, one small class each.

Only the inbox so far: the row is the delivery, so nothing can fail after it was written. A way out of the house
answers `send` with Sent, Retry or Dead, and is called by a worker, never inside the transaction that writes the row.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from dispatch.audience import Reason
from dispatch.models import Channel, Notice


@dataclass(frozen=True)
class Sent:
    """It is where the person reads it."""


@dataclass(frozen=True)
class Retry:
    """It failed for now."""

    after: timedelta


@dataclass(frozen=True)
class Dead:
    """It will never get there."""

    why: str


class Way(Protocol):
    """One way to a person."""

    channel: Channel

    def takes(self, reason: Reason) -> bool:
        """Whether notices with this reason go this way."""
        ...

    def send(self, notice: Notice) -> Sent | Retry | Dead:
        """Deliver one notice."""
        ...


class InApp:
    """The inbox in the house."""

    channel = Channel.IN_APP

    def takes(self, reason: Reason) -> bool:
        return True

    def send(self, notice: Notice) -> Sent | Retry | Dead:
        return Sent()


WAYS: tuple[Way, ...] = (InApp(),)


def channels_for(reason: Reason) -> list[Channel]:
    """The channels a notice with this reason takes."""
    return [way.channel for way in WAYS if way.takes(reason)]
