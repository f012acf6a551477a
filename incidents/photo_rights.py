"""Who may add a picture to an incident, and who may see the original with what the camera wrote into it.

Asked after sight: whoever comes here has the incident in scope already.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from grids import permissions
from grids.duties import Duty, Right
from grids.levels import UnitKind, ancestor_codes, kind_of_code
from grids.models import Person
from incidents import access, refusals
from incidents.models import Incident, Photo, PhotoStage
from incidents.records import Acting
from incidents.states import OPEN_STATES, State

# How it was and what was done is shown while it is open; a check is made of what somebody calls done.
STATES = {
    PhotoStage.BEFORE: OPEN_STATES,
    PhotoStage.AFTER: OPEN_STATES,
    PhotoStage.CHECK: frozenset({State.ANSWERED, State.CLOSED, State.DISMISSED}),
}

# The rights that let somebody add a picture at each stage: at the responsible place and the units above it,
# and at the units that have the work in hand.
AT_PLACE = {
    PhotoStage.BEFORE: (Right.REPORT, Right.INSPECT),
    PhotoStage.AFTER: (Right.SETTLE,),
    PhotoStage.CHECK: (Right.INSPECT, Right.CHECK),
}
AT_WORK = {
    PhotoStage.BEFORE: (Right.HANDLE, Right.DISPATCH, Right.CHECK, Right.TAKE),
    PhotoStage.AFTER: (Right.HANDLE, Right.DISPATCH, Right.TAKE),
    PhotoStage.CHECK: (Right.CHECK,),
}
SEES_ORIGINAL = (Right.HANDLE, Right.DISPATCH, Right.CHECK, Right.GRANT)
CALLED_IN = (UnitKind.DEPARTMENT, UnitKind.OFFICE)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A person's rights at the units an incident has to do with."""

    rights: dict[str, dict[Right, Duty]]
    place: tuple[str, ...]
    work: tuple[str, ...]

    def first(self, units: Iterable[str], rights: Iterable[Right]) -> tuple[str, Duty] | None:
        for right in rights:
            for code in units:
                if right in self.rights[code]:
                    return code, self.rights[code][right]
        return None


def adding(person: Person, incident: Incident, stage: PhotoStage, *, now: datetime) -> Acting:
    """In what capacity `person` adds a picture of this stage; raises MoveRefused if in none."""
    if incident.state not in STATES[stage]:
        raise refusals.wrong_state()
    found = _capacity(person, incident, stage, _standing(person, incident, now))
    if found is None:
        raise refusals.not_allowed()
    return found


def stages_for(
    person: Person, incident: Incident, *, now: datetime, seen: Collection[str] | None = None
) -> list[PhotoStage]:
    """The stages at which `person` may add a picture now. Two queries, whatever the answer.

    `seen` are the units of the incident's ``Sight`` if they were read already.
    """
    standing = _standing(person, incident, now, seen)
    return [
        stage
        for stage in PhotoStage
        if incident.state in STATES[stage] and _capacity(person, incident, stage, standing) is not None
    ]


def may_see_original(person: Person, photo: Photo, *, now: datetime) -> bool:
    """Who added it, who deals with the incident where it stands now, and who audits there."""
    holder = photo.incident.holder_id
    if photo.added_by_id == person.pk or permissions.allows(person, Right.AUDIT, holder, now=now):
        return True
    held = permissions.rights_at(person, [holder], now=now)[holder]
    return any(right in held for right in SEES_ORIGINAL)


def _capacity(person: Person, incident: Incident, stage: PhotoStage, standing: _Standing) -> Acting | None:
    found = standing.first(standing.place, AT_PLACE[stage]) or standing.first(standing.work, AT_WORK[stage])
    if found is not None:
        return Acting(person, *found)
    # Whoever took the report looks after it, wherever they serve today; what was done is for others to show, and
    # nobody checks what they settled themselves.
    if stage == PhotoStage.AFTER or (stage == PhotoStage.CHECK and incident.self_handled):
        return None
    if incident.first_receiver_id == person.pk:
        return Acting(person, incident.first_unit_id)
    return None


def _standing(person: Person, incident: Incident, now: datetime, seen: Collection[str] | None = None) -> _Standing:
    if seen is None:
        seen = access.units_in_sight({incident.pk}).get(incident.pk, [])
    called = [code for code in seen if kind_of_code(code) in CALLED_IN]
    place = (incident.place_id, *ancestor_codes(incident.place_id))
    work = (incident.holder_id, *called)
    return _Standing(permissions.rights_at(person, {*place, *work}, now=now), place, work)
