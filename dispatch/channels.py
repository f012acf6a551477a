"""The ways by which a notice reaches a person, one small class each.

Only the inbox so far: writing the row is the delivery, so nothing can fail after it. A way out of the house will also
send, from a worker and never inside the transaction that writes the row.
"""

from typing import Protocol

from dispatch.audience import Reason
from dispatch.models import Channel


class Way(Protocol):
    """One way to a person."""

    channel: Channel

    def takes(self, reason: Reason) -> bool:
        """Whether notices with this reason go this way."""
        ...


class InApp:
    """The inbox in the house: takes everything."""

    channel = Channel.IN_APP

    def takes(self, reason: Reason) -> bool:
        return True


WAYS: tuple[Way, ...] = (InApp(),)


def channels_for(reason: Reason) -> list[Channel]:
    """The channels a notice with this reason takes."""
    return [way.channel for way in WAYS if way.takes(reason)]
