"""Reads of the dispatch floor for pages: what waits for a person, and the counts beside the areas."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Count, Q, QuerySet, Value

from dispatch import card_lists, desks, notices
from dispatch.models import Approval, ApprovalState, Assignment, AssignmentState
from grids import approvals, permissions, selectors
from grids.duties import Right
from grids.levels import DESK_KINDS, kind_of_code
from grids.models import Person, Plan, Unit
from incidents import export_requests
from incidents.models import Clock, ClockState, ExportRequest
from incidents.states import Stage

# Which clocks wait for somebody with which right at the unit they run against.
STAGES_OF_RIGHT = {
    Right.HANDLE: (Stage.ACCEPT, Stage.HANDLE),
    Right.CHECK: (Stage.CHECK,),
}
WAITING_ORDERS = (AssignmentState.CALLED, AssignmentState.SIGNED, AssignmentState.ARRIVED)


# Somebody who may do none of these at a desk presses nothing there.
WORKING = frozenset({Right.HANDLE, Right.DISPATCH, Right.CHECK, Right.GRANT, Right.TAKE})
PLANS, EXPORTS = "plans", "exports"


@dataclass(frozen=True, slots=True)
class OwnDesk:
    """A desk at which a person serves, and how much waits there for that person; `is_worked`: may press there."""

    unit: Unit
    waiting: int
    duties: str
    is_worked: bool


@dataclass(frozen=True, slots=True)
class Todo:
    """All that waits for a person: at desks, and what is decided beside them."""

    desks: list[OwnDesk]
    plans: list[Plan]
    exports: list[ExportRequest]

    @property
    def worked(self) -> list[OwnDesk]:
        """The desks at which the person presses something."""
        return [desk for desk in self.desks if desk.is_worked]

    @property
    def watched(self) -> list[OwnDesk]:
        """The desks at which the person only looks."""
        return [desk for desk in self.desks if not desk.is_worked]

    @property
    def only_desk(self) -> OwnDesk | None:
        """The desk that is all there is to do."""
        alone = len(self.worked) == len(self.desks) == 1 and not self.plans and not self.exports
        return self.desks[0] if alone else None

    @property
    def is_nothing(self) -> bool:
        return not (self.worked or self.plans or self.exports)


def todo_count(*, person: Person, now: datetime) -> int:
    """How much waits for `person`: at all desks together, plans and long exports to approve. Three queries."""
    return sum(_waiting(person, _rights(person, now), now).values())


def unread_count(*, person: Person, now: datetime) -> int:
    """How many notices `person` has not read."""
    return notices.unread_count(person)


def cards_to_answer(*, person: Person, now: datetime) -> int:
    """How many urges and cards wait for an answer of `person`. Two queries at most."""
    return card_lists.to_answer(person, now=now)


def todo(person: Person, *, now: datetime) -> Todo:
    """What `todo_count` counts: the desks, the one with most waiting first, and the rows of what waits beside them."""
    units: dict[str, Unit] = {}
    duties: dict[str, list[str]] = {}
    for post in selectors.posts_of(person, now):
        if post.unit.kind in DESK_KINDS:
            units[post.unit_id] = post.unit
            duties.setdefault(post.unit_id, []).append(str(post.get_duty_display()))
    rights = _rights_at(person, units, now)
    waiting = _waiting(person, rights, now)
    found = [
        OwnDesk(unit, waiting.get(code, 0), ", ".join(duties[code]), bool(rights[code] & WORKING))
        for code, unit in units.items()
    ]
    plans = _plans(rights, person).select_related("scope", "created_by").defer("frame").order_by("created_at", "pk")
    exports = _exports(rights, person, now).select_related("person", "unit").order_by("pk")
    return Todo(
        sorted(found, key=lambda desk: (-desk.waiting, desk.unit.pk)),
        list(plans) if waiting.get(PLANS) else [],
        list(exports) if waiting.get(EXPORTS) else [],
    )


def _waiting(person: Person, rights: dict[str, set[Right]], now: datetime) -> dict[str, int]:
    """By unit, clocks, orders and requests that wait for `person`; plans and exports under those words. One query."""
    asked = [each for each in (_clocks(rights), _orders(rights), _requests(rights, person)) if each is not None]
    if _with(rights, Right.APPROVE_PLAN):
        asked.append(_numbered(_plans(rights, person), PLANS))
    if _with(rights, Right.GRANT):
        asked.append(_numbered(_exports(rights, person, now), EXPORTS))
    found: dict[str, int] = defaultdict(int)
    if asked:
        for code, number in asked[0].union(*asked[1:], all=True):
            found[code] += number
    return found


def _plans(rights: dict[str, set[Right]], person: Person) -> QuerySet[Plan]:
    return approvals.waiting_for(person, _with(rights, Right.APPROVE_PLAN))


def _exports(rights: dict[str, set[Right]], person: Person, now: datetime) -> QuerySet[ExportRequest]:
    return export_requests.waiting_for(person, _with(rights, Right.GRANT), now=now)


def _numbered(found: QuerySet, word: str) -> QuerySet:
    """How many, as a row under `word`."""
    named = found.order_by().annotate(what=Value(word, CharField())).values_list("what")
    return named.annotate(number=Count("pk"))


def _rights(person: Person, now: datetime) -> dict[str, set[Right]]:
    codes = {post.unit_id for post in selectors.posts_of(person, now) if post.unit.kind in DESK_KINDS}
    return _rights_at(person, codes, now)


def _rights_at(person: Person, codes: Iterable[str], now: datetime) -> dict[str, set[Right]]:
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
