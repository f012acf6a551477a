"""What a way out of the house is given, and the three things it can answer. Pure."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Reached:
    """Where something is sent, as its owner entered it."""

    target: str
    secret: str = ""


@dataclass(frozen=True)
class Message:
    """What leaves the house. `id` is the same at every attempt, so that a second copy can be recognised."""

    id: str
    subject: str
    text: str
    number: str = ""
    unit: str = ""
    act: str = ""
    link: str = ""
    count: int = 1


@dataclass(frozen=True)
class Sent:
    """The provider took it."""

    provider_id: str = ""


@dataclass(frozen=True)
class Retry:
    """Not now. `after`: the provider's own wish. `shared`: nothing else gets through there either meanwhile.

    `maybe`: it left the house and the answer is missing, so it may have arrived.
    """

    why: str
    after: timedelta | None = None
    shared: bool = False
    maybe: bool = False


@dataclass(frozen=True)
class Dead:
    """Never. `permanent`: nor will anything else to this address."""

    why: str
    permanent: bool = False


Outcome = Sent | Retry | Dead
