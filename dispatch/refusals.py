"""How this floor says no: the same exception as the incident's moves, with codes of its own."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grids.models import Unit
from incidents.refusals import MoveRefused


def unknown(name: str) -> MoveRefused:
    return MoveRefused(_("There is no such act: %(name)s.") % {"name": name}, code="unknown")


def no_such_order() -> MoveRefused:
    return MoveRefused(_("There is no such order."), code="no_order", field="assignment_id")


def order_moved_on() -> MoveRefused:
    return MoveRefused(_("The order has moved on: this is not possible any more."), code="wrong_state")


def suspended() -> MoveRefused:
    return MoveRefused(_("The incident is suspended: orders rest until it is resumed."), code="suspended")


def not_a_target(message: str | Promise) -> MoveRefused:
    return MoveRefused(message, code="wrong_unit", field="orders")


def already_ordered(unit: Unit) -> MoveRefused:
    return MoveRefused(
        _("%(unit)s has an open order for this incident already.") % {"unit": unit},
        code="already_ordered",
        field="orders",
    )


def two_leads() -> MoveRefused:
    return MoveRefused(_("One unit leads, the others help."), code="two_leads", field="orders")


def one_order() -> MoveRefused:
    return MoveRefused(_("Name the one unit that takes over."), code="missing", field="orders")


def no_reason_class() -> MoveRefused:
    return MoveRefused(_("Choose why it is returned."), code="missing", field="reason")


def no_handlers() -> MoveRefused:
    return MoveRefused(_("Choose at least one unit that shall do it again."), code="missing", field="handlers")


def no_such_request() -> MoveRefused:
    return MoveRefused(_("There is no such request."), code="no_request", field="approval_id")


def request_decided() -> MoveRefused:
    return MoveRefused(_("This request is decided or lapsed."), code="decided", field="approval_id")


def request_pending() -> MoveRefused:
    return MoveRefused(_("The same request is waiting for a decision already."), code="pending")


def review_past() -> MoveRefused:
    return MoveRefused(
        _("The review date has passed meanwhile: it must be asked anew."), code="past", field="review_at"
    )


def review_too_late(days: int) -> MoveRefused:
    return MoveRefused(
        _("A suspension lasts at most %(days)d days: choose an earlier review date.") % {"days": days},
        code="too_long",
        field="review_at",
    )


def missing_order_text() -> MoveRefused:
    return MoveRefused(_("Say what the unit shall do."), code="missing", field="orders")


def no_such_card() -> MoveRefused:
    return MoveRefused(_("There is no such card."), code="no_card", field="card_id")


def card_over() -> MoveRefused:
    return MoveRefused(_("This card was answered, withdrawn or has lapsed."), code="card_over", field="card_id")


def not_askable(unit: Unit) -> MoveRefused:
    return MoveRefused(
        _("%(unit)s has nothing in hand here: only who holds the incident or has an open order is urged.")
        % {"unit": unit},
        code="wrong_unit",
        field="target_unit",
    )


def carded_already(unit: Unit) -> MoveRefused:
    return MoveRefused(
        _("%(unit)s has such a card for this incident, which waits for an answer.") % {"unit": unit},
        code="carded",
        field="colour",
    )


def urged_lately(unit: Unit, *, last: str, possible: str) -> MoveRefused:
    return MoveRefused(
        _("%(unit)s was urged on %(last)s; the next time is possible from %(possible)s.")
        % {"unit": unit, "last": last, "possible": possible},
        code="urged_lately",
        field="target_unit",
    )


def no_colour() -> MoveRefused:
    return MoveRefused(_("Choose which card."), code="missing", field="colour")
