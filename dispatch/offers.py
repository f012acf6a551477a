"""Which presses a person may make on one incident now: computed in a few queries, true to what `perform` accepts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _

from dispatch import approvals, orders, targets
from dispatch.acts import ACTS, RIGHT_TO_TAKE, Act
from dispatch.assignments import possible
from dispatch.card_offers import CardDesk
from dispatch.models import Approval, ApprovalKind, Assignment, AssignmentState
from dispatch.offer import Offer
from dispatch.wording import Wording
from grids import permissions, selectors, statements
from grids.duties import Right
from grids.models import Person, Unit
from incidents import holders, lifecycle, who_may
from incidents.limits import Rules
from incidents.models import Incident, Inspection
from incidents.refusals import MoveRefused
from incidents.states import MOVES, HolderAfter, Move, Needs, State, moves_from

# The usual press comes first and is drawn large: the first of these that is offered.
USUAL = ("grant", "sign", "feed_back", "accept", "dispatch", "answer", "close", "resume", "confirm", "reply_card")

_INPUTS = {
    Needs.NOTE: "note",
    Needs.RESULT: "result",
    Needs.UNIT: "target_unit",
    Needs.ORDER: "orders",
    Needs.MASTER: "master",
    Needs.REVIEW_AT: "review_at",
}


def available(*, person: Person, incident: Incident, now: datetime) -> list[Offer]:
    """Exactly the presses `person` may make on `incident` now, the usual one first. About ten queries at most."""
    found = list(_Desk(person, incident, now).offers())
    usual = min(
        (offer for offer in found if offer.name in USUAL), key=lambda offer: USUAL.index(offer.name), default=None
    )
    if usual is None:
        return found
    return [replace(usual, is_primary=True), *(offer for offer in found if offer is not usual)]


def why_no_urge(*, person: Person, incident: Incident, now: datetime) -> str:
    """When `person` may urge again, if only the wait forbids it; else empty."""
    desk = _Desk(person, incident, now)
    return desk.cards.why_no_urge(desk.rights)


class _Desk:
    """What `person` sees on the desk for one incident: rights, orders and requests, each read once."""

    def __init__(self, person: Person, incident: Incident, now: datetime) -> None:
        self.person, self.incident, self.now = person, incident, now
        self.rules = Rules(at=now)
        self.wording = Wording(incident, now, self.rules)
        self.state = State(incident.state)
        # By whether it is asked of a reopening: the other checks ask for the same right at the same unit.
        self._checks: dict[bool, tuple[str, ...] | None] = {}
        self.orders = self._read_orders()
        units = holders.read_units([incident], also=[order.unit_id for order in self.orders])
        for order in self.orders:
            order.unit = units[order.unit_id]
        self.cards = CardDesk(incident, self.orders, self.wording, self.rules, now)
        codes = {incident.holder_id, *(order.unit_id for order in self.orders), *self.cards.units()}
        self.rights = permissions.rights_at(person, sorted(codes), now=now)
        self.here = self.rights[incident.holder_id]
        waiting = "WHERE incident_id = %s AND state = 'pending' ORDER BY id"
        self.requests = statements.read(Approval, waiting, [incident.pk])

    def offers(self) -> Iterator[Offer]:
        for row in moves_from(self.state):
            if row.name in who_may.CHECKING_MOVES:
                yield from self._checking(row)
            elif row.name not in (ApprovalKind.SUSPEND, ApprovalKind.VOID) and row.rights & set(self.here):
                yield from self._move(row)
        yield from self._order_acts()
        yield from self._asking()
        yield from self._deciding()
        yield from self._confirming()
        yield from self.cards.offers(self.rights)

    def _read_orders(self) -> list[Assignment]:
        if self.state not in (State.DISPATCHED, State.ANSWERED, State.SUSPENDED, State.ACCEPTED):
            return []
        return statements.read(Assignment, "WHERE incident_id = %s ORDER BY id", [self.incident.pk])

    # -- moves of the incident ---------------------------------------------------------------------------

    def _move(self, row: Move) -> Iterator[Offer]:
        if row.urgent_only and not self._goes_past_a_tier():
            return
        if row.name == "answer" and self.state == State.DISPATCHED:
            return
        offer = self._offer(row)
        if row.holder is HolderAfter.SIBLING:
            units = tuple(self._siblings())
            if units:
                yield replace(
                    offer,
                    units=units,
                    consequence=self.wording.goes_to(units[0], row.direction, _("the unit you choose")),
                )
            return
        if row.name == "dispatch":
            busy = {order.unit_id for order in self.orders if order.is_open}
            units = tuple(unit for unit in self.targets if unit.pk not in busy)
            if units:
                yield replace(offer, units=units, consequence=self.wording.is_signed_for(units[0]))
            return
        try:
            holder = holders.after(row, self.incident)
        except MoveRefused:
            return
        yield replace(offer, consequence=self._consequence(row, holder))

    def _offer(self, row: Move) -> Offer:
        needs = tuple(name for need, name in _INPUTS.items() if need in row.needs)
        return Offer(row.name, str(row.label), self.incident.seq, needs, direction=row.direction)

    def _goes_past_a_tier(self) -> bool:
        """Whether it is urgent and the tier above is not the last one anyway."""
        if self.incident.urgency == "normal":
            return False
        try:
            return not holders.is_top(holders.above(self.incident.holder))
        except MoveRefused:
            return False

    def _siblings(self) -> list[Unit]:
        holder = self.incident.holder
        if holder.parent_id is None:
            return []
        return list(selectors.children(holder.parent_id).filter(kind=holder.kind).exclude(pk=holder.pk))

    def _consequence(self, row: Move, holder: Unit) -> str:
        say = self.wording
        if row.target is State.REPORTED:
            return say.goes_to(holder, row.direction)
        if row.name == "accept":
            return say.stays(holder)
        if row.name == "answer":
            return say.is_checked_by(holder)
        plain = {
            "dismiss": _("Ends here; the reporter reads your reason."),
            "recall": _("All open orders are taken back; %(unit)s handles it itself.") % {"unit": holder},
            "resume": _("Clocks run on, orders go on."),
            "merge": _("Ends here and goes on as part of the other incident."),
            "unmerge": _("Goes on by itself at %(unit)s.") % {"unit": holder},
        }
        return plain.get(row.name, "")

    def _checking(self, row: Move) -> Iterator[Offer]:
        needs = self._check_needs(row)
        if needs is None or (row.name == "reopen" and not lifecycle.may_be_reopened(self.incident, now=self.now)):
            return
        offer = self._offer(row)
        offer = replace(offer, needs=(*offer.needs, *needs))
        if row.name == "close":
            yield replace(offer, consequence=_("Ends here; reporter and first receiver read the result."))
            return
        holder = holders.after(row, self.incident)
        if row.name == "rework" and lifecycle.answered_from(self.incident) == State.DISPATCHED:
            done = tuple(order for order in self._current() if order.state == AssignmentState.FED_BACK)
            if not done:
                return
            offer = replace(
                offer,
                needs=(*offer.needs, "handlers"),
                assignments=done,
                consequence=self.wording.is_signed_for(done[0].unit),
            )
            yield offer
            return
        target = row.target_from(self.state)
        said = self.wording.is_done_again(holder)
        if target == State.REPORTED:
            said = self.wording.goes_to(holder, "up")
        yield replace(offer, consequence=said)

    def _check_needs(self, row: Move) -> tuple[str, ...] | None:
        """What a check needs from this person besides words: nothing for a checker, a photo on site for others."""
        asked = row.name == "reopen"
        if asked not in self._checks:
            self._checks[asked] = self._ask_check(row)
        return self._checks[asked]

    def _ask_check(self, row: Move) -> tuple[str, ...] | None:
        try:
            if row.name != "reopen" and row.rights & set(self.here):
                # A checker of the holder; the rights there are known already.
                who_may.refuse_handlers(self.incident, self.person, now=self.now)
            else:
                who_may.checking(row, self.incident, self.person, now=self.now, on_site=False)
        except MoveRefused as refused:
            if refused.code != "missing":
                return None
            try:
                who_may.refuse_handlers(self.incident, self.person, now=self.now)
            except MoveRefused:
                return None
            return ("on_site",)
        return ()

    # -- orders --------------------------------------------------------------------------------------------

    def _current(self) -> list[Assignment]:
        return [order for order in self.orders if order.called_seq >= self.since]

    def _order_acts(self) -> Iterator[Offer]:
        if self.state != State.DISPATCHED:
            return
        for assignment in self.orders:
            for act in ACTS.values():
                if possible(act, self.incident, assignment, since=self.since) and self._may(act, assignment):
                    yield from self._order_act(act, assignment)

    def _may(self, act: Act, assignment: Assignment) -> bool:
        if not act.by_taker:
            return Right.DISPATCH in self.here
        return RIGHT_TO_TAKE.get(assignment.unit.kind) in self.rights[assignment.unit_id]

    def _order_act(self, act: Act, assignment: Assignment) -> Iterator[Offer]:
        units: tuple[Unit, ...] = ()
        if act.name == "replace":
            busy = {order.unit_id for order in self.orders if order.is_open} - {assignment.unit_id}
            units = tuple(unit for unit in self.targets if unit.pk not in busy)
            if not units:
                return
        needs = tuple("result" if act.name == "feed_back" and need == "note" else need for need in act.needs)
        yield Offer(
            act.name,
            str(act.label),
            assignment.seq,
            needs,
            consequence=self._order_consequence(act, assignment),
            assignment=assignment,
            units=units,
        )

    @cached_property
    def targets(self) -> list[Unit]:
        return list(targets.choices(self.incident.holder, self.rules))

    @cached_property
    def since(self) -> int:
        return orders.dispatched_since(self.incident)

    def _order_consequence(self, act: Act, assignment: Assignment) -> str:
        if act.name == "sign":
            return self.wording.is_finished_by(assignment.unit)
        said = {
            "feed_back": _("When all required orders are fed back, the incident goes to %(unit)s for a check."),
            "return": _("Goes back to %(unit)s at once; later it is judged who bears the lost time."),
            "recall_order": _("The unit stops; as long as it is required, %(unit)s must see to it."),
            "waive": _("The answer no longer waits for this order."),
            "replace": _("The new unit must sign for it; the old one stops."),
        }
        return said.get(act.name, "") % {"unit": self.incident.holder}

    # -- requests ------------------------------------------------------------------------------------------

    def _asking(self) -> Iterator[Offer]:
        for kind, label in ((ApprovalKind.SUSPEND, _("Ask for suspension")), (ApprovalKind.VOID, _("Ask to void it"))):
            if self.state not in MOVES[kind].sources or not self._may_ask():
                continue
            if any(request.kind == kind and not approvals.is_stale(request, self.now) for request in self.requests):
                continue
            offer = Offer(f"ask_{kind}", label, self.incident.seq, ("note",), consequence=_("The duty chief decides."))
            if kind == ApprovalKind.SUSPEND:
                latest = approvals.latest_review(self.incident, self.now, rules=self.rules)[0]
                offer = replace(offer, needs=("note", "review_at"), latest=latest)
            yield offer

    def _may_ask(self) -> bool:
        if {Right.HANDLE, Right.DISPATCH} & set(self.here):
            return True
        return any(
            order.is_open and RIGHT_TO_TAKE.get(order.unit.kind) in self.rights[order.unit_id] for order in self.orders
        )

    def _deciding(self) -> Iterator[Offer]:
        for request in self.requests:
            if Right.GRANT not in self.here or request.asked_by_id == self.person.pk:
                continue
            if not approvals.is_stale(request, self.now):
                yield self._decision("grant", request)
            yield self._decision("refuse", request)

    def _decision(self, name: str, request: Approval) -> Offer:
        suspends = request.kind == ApprovalKind.SUSPEND
        if name == "refuse":
            label = _("Refuse the suspension") if suspends else _("Refuse to void it")
            said = _("The incident stays as it is; the asker reads your reason.")
        elif suspends:
            label, said = _("Grant the suspension"), _("All clocks and orders rest until the review date.")
        else:
            label, said = _("Grant voiding it"), _("Ends here; open orders are taken back.")
        needs = ("note",) if name == "refuse" else ()
        return Offer(name, label, self.incident.seq, needs, consequence=said, approval=request)

    def _confirming(self) -> Iterator[Offer]:
        """A drawn inspection is confirmed on site, or ends by `reopen`."""
        if self.state != State.CLOSED or not self.incident.self_handled:
            return
        if not Inspection.objects.filter(incident=self.incident, ended_at=None).exists():
            return
        if self._confirmable():
            yield Offer(
                "confirm",
                _("Confirm it is solved"),
                self.incident.seq,
                self._check_needs(MOVES["reopen"]) or (),
                consequence=_("The inspection ends; the incident stays closed."),
            )

    def _confirmable(self) -> bool:
        return self._check_needs(MOVES["reopen"]) is not None
