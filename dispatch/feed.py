"""What was announced goes to open pages: one small entry an event, without a word or a person's name in it.

An entry says what a page must know to decide whether to ask again, and what the live service must know to decide who
may hear of it at all (`incidents.access.Reach`). An event stands here only after it was committed and announced.
"""

import logging
from collections.abc import Sequence
from typing import Any

from grids import wire
from incidents import access
from incidents.models import IncidentEvent

log = logging.getLogger(__name__)

LIGHTS = {"light_yellow": "yellow", "light_red": "red"}


def publish(events: Sequence[IncidentEvent]) -> int:
    """How many entries were written; call it after the commit, with the incidents loaded. Never raises.

    One query and one round trip to Redis for all of them; nothing at all while Redis is away.
    """
    if not events:
        return 0
    if wire.is_resting():
        wire.lose()
        return 0
    try:
        reaches = access.reaches_of([event.incident for event in events])
        entries = [entry(event, reaches[event.incident_id]) for event in events]
    except Exception:
        log.exception("%d events could not be put before open pages", len(events))
        return 0
    return len(entries) if wire.send(entries) else 0


# What an event says of units besides its holders: theirs are the cards, the acts and the orders it is about.
_NAMED = ("unit", "new_unit", "card_unit", "card_from")


def named_in(event: IncidentEvent) -> list[str]:
    """The units whose counts change though they need not have the incident in hand: who acted, who gets a card."""
    found = {event.unit_id, *(event.details.get(key) for key in _NAMED)}
    if event.details.get("card"):
        # A red that means a card is told to the duty leader of the district.
        found.add(event.district_id)
    return sorted(code for code in found if code and isinstance(code, str))


def entry(event: IncidentEvent, reach: access.Reach) -> dict[str, Any]:
    """One event as it travels: numbers and codes only."""
    said: dict[str, Any] = {
        "t": "event",
        "e": event.pk,
        "i": event.incident_id,
        "k": event.kind,
        "d": event.district_id,
        "p": reach.place,
        "b": event.holder_before_id,
        "a": event.holder_after_id,
        "u": list(reach.units),
        "f": reach.first_receiver,
        "n": named_in(event) or None,
        "l": LIGHTS.get(event.kind),
        "m": int(event.recorded_at.timestamp() * 1000),
    }
    return {key: value for key, value in said.items() if value is not None}
