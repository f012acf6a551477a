"""What every way out of the house can say about itself."""

from abc import ABC, abstractmethod
from typing import ClassVar

from django.conf import settings

from dispatch.channels.outcomes import Message, Outcome, Reached
from dispatch.models import Channel
from grids import sealing

PURPOSE = "notice address"

# So many messages in so many seconds.
Limits = tuple[tuple[int, int], ...]


class Way(ABC):
    """One way out: a small class with one `send`."""

    channel: ClassVar[Channel]
    limits: ClassVar[Limits] = ()
    # Whether a message that may have arrived is sent once more.
    resends: ClassVar[bool] = True
    # Whether an address may come with a secret that signs.
    has_secret: ClassVar[bool] = False

    def is_ready(self) -> bool:
        """Whether this installation can send so."""
        return self.channel in settings.NOTICE_CHANNELS

    @abstractmethod
    def clean(self, target: str, secret: str) -> str:
        """The address as it is kept; raises ValidationError."""

    @abstractmethod
    def hint(self, target: str) -> str:
        """What pages show of it."""

    def lane(self, target: str) -> str:
        """What addresses of one provider's limits have in common, without telling the address."""
        return f"{self.channel}:{sealing.digest(target, purpose=PURPOSE)}"

    def lanes(self, lane: str) -> tuple[tuple[str, Limits], ...]:
        """Every lane a message to an address with this `lane` must be free on; the first closes when all are stuck."""
        return ((lane, self.limits),)

    @abstractmethod
    def send(self, reached: Reached, message: Message) -> Outcome:
        """Send one message once; never raises for what a provider does."""
