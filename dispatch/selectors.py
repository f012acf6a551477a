"""Reads of the dispatch floor for pages: what waits for a person, at which desks, and the counts beside the areas."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from dispatch import card_lists, desks, notices
from dispatch.models import Approval, ApprovalState, Assignment, AssignmentState
from grids import permissions, selectors
from grids.duties import Right
from grids.levels import DESK_KINDS, kind_of_code
from grids.models import Person, Unit
from incidents.models import Clock, ClockState
from incidents.states import Stage

# Which clocks wait for somebody with which right at the unit they run against.
STAGES_OF_RIGHT = {
    Right.HANDLE: (Stage.ACCEPT, Stage.HANDLE),
    Right.CHECK: (Stage.CHECK,),
}
WAITING_ORDERS = (AssignmentState.CALLED, AssignmentState.SIGNED, AssignmentState.ARRIVED)


@dataclass(frozen=True, slots=True)
class OwnDesk:
    """A desk at which a person works, and how much waits there for that person."""

    unit: Unit
    waiting: int
    duties: str


def todo_count(*, person: Person, now: datetime) -> int:
    """How much waits for `person` at all desks together. Three queries."""
    return sum(_waiting(person, now).values())


def unread_count(*, person: Person, now: datetime) -> int:
    """How many notices `person` has not read."""
    return notices.unread_count(person)


def cards_to_answer(*, person: Person, now: datetime) -> int:
    """How many urges and cards wait for an answer of `person`. Two queries at most."""
    return card_lists.to_answer(person, now=now)


def own_desks(person: Person, *, now: datetime) -> list[OwnDesk]:
    """The desks at which `person` serves, the one with most waiting first."""
    units: dict[str, Unit] = {}
    duties: dict[str, list[str]] = {}
    for post in selectors.posts_of(person, now):
        if post.unit.kind in DESK_KINDS:
            units[post.unit_id] = post.unit
            duties.setdefault(post.unit_id, []).append(str(post.get_duty_display()))
    waiting = _waiting(person, now) if units else {}
    found = [OwnDesk(unit, waiting.get(code, 0), ", ".join(duties[code])) for code, unit in units.items()]
    return sorted(found, key=lambda desk: (-desk.waiting, desk.unit.pk))


def _waiting(person: Person, now: datetime) -> dict[str, int]:
    """By unit: clocks, orders and requests that wait for `person`. One query beside those that find the rights."""
    rights = _rights(person, now)
    asked = [each for each in (_clocks(rights), _orders(rights), _requests(rights, person)) if each is not None]
    found: dict[str, int] = defaultdict(int)
    if asked:
        for code, number in asked[0].union(*asked[1:], all=True):
            found[code] += number
    return found


def _rights(person: Person, now: datetime) -> dict[str, set[Right]]:
    codes = {post.unit_id for post in selectors.posts_of(person, now) if post.unit.kind in DESK_KINDS}
    return {code: set(held) for code, held in permissions.rights_at(person, sorted(codes), now=now).items()}


def _with(rights: dict[str, set[Right]], *wanted: Right) -> list[str]:
    return [code for code, held in rights.items() if held & set(wanted)]


def _clocks(rights: dict[str, set[Right]]) -> QuerySet | None:
    condition, anybody = Q(pk__in=[]), False
    for right, stages in STAGES_OF_RIGHT.items():
        codes = _with(rights, right)
        if codes:
            condition, anybody = condition | Q(unit__in=codes, stage__in=stages), True
    if not anybody:
        return None
    found = Clock.objects.filter(condition, state=ClockState.RUNNING)
    return found.order_by().values_list("unit_id").annotate(number=Count("pk"))


def _orders(rights: dict[str, set[Right]]) -> QuerySet | None:
    codes = [code for code, held in rights.items() if desks.takes_orders(kind_of_code(code), held)]
    if not codes:
        return None
    found = Assignment.objects.filter(unit__in=codes, state__in=WAITING_ORDERS)
    return found.order_by().values_list("unit_id").annotate(number=Count("pk"))


def _requests(rights: dict[str, set[Right]], person: Person) -> QuerySet | None:
    codes = _with(rights, Right.GRANT)
    if not codes:
        return None
    found = Approval.objects.filter(holder__in=codes, state=ApprovalState.PENDING).exclude(asked_by=person)
    return found.order_by().values_list("holder_id").annotate(number=Count("pk"))
