"""Words added to an incident without moving it: by those at work on it, who took it, or look after its place."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from grids import selectors
from grids.duties import Duty
from grids.levels import ancestor_codes
from grids.models import Person
from incidents import access, lifecycle, records, refusals
from incidents.models import Incident, IncidentEvent
from incidents.records import Acting

MOST_CHARACTERS = 1000
# These look and ask; what they see is not theirs to write into.
ONLY_LOOK = frozenset({Duty.OBSERVER, Duty.AUDITOR, Duty.ADMINISTRATOR})


def acting(person: Person, incident: Incident, *, now: datetime, seen: Collection[str] | None = None) -> Acting | None:
    """In what capacity `person`, who sees the incident, may comment on it; None for those who only look. Two queries.

    The post nearest to who has it, to its place or to a unit that had a part in it; else as its first receiver. `seen`
    are the units of its ``Sight`` if they were read already.
    """
    posts = [post for post in selectors.posts_of(person, now) if post.duty not in ONLY_LOOK]
    if seen is None:
        seen = access.units_in_sight({incident.pk}).get(incident.pk, [])
    concerned = {incident.holder_id, incident.place_id, *seen}
    reach = concerned | {above for code in concerned for above in ancestor_codes(code)}
    near = [post for post in posts if post.unit_id in reach]
    if near:
        post = max(near, key=lambda one: (one.unit_id == incident.holder_id, len(one.unit_id)))
        return Acting(person, post.unit_id, Duty(post.duty))
    if incident.first_receiver_id == person.pk:
        return Acting(person, incident.first_unit_id)
    return None


@transaction.atomic
def add(*, incident: Incident, actor: Person, text: str, now: datetime, key: str = "") -> IncidentEvent:
    """Append a comment; the same `key` of the same person writes it once. Raises MoveRefused."""
    # Of two requests with one key the second waits, and finds what the first wrote.
    (incident,) = lifecycle.locked(incident.pk)
    before = records.earlier(actor=actor, idempotency_key=key, incident=incident)
    if before is not None:
        return before
    capacity = acting(actor, incident, now=now)
    if capacity is None:
        raise refusals.not_allowed()
    if not text.strip():
        raise refusals.MoveRefused(_("Write something first."), code="missing", field="note")
    return records.record(
        incident=incident, kind="comment", acting=capacity, now=now, note=text.strip(), idempotency_key=key
    )
