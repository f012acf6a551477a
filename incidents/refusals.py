"""How the domain says no: one exception with a code, so that a page, the API and the sweep can each answer rightly."""

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class MoveRefused(ValidationError):
    """A move is not possible now. ``code`` tells why; ``field`` names the input at fault, if one is."""

    def __init__(self, message: str | Promise, *, code: str, field: str | None = None) -> None:
        super().__init__(message, code=code)  # type: ignore[arg-type]
        self.field = field


def stale() -> MoveRefused:
    return MoveRefused(_("Somebody else was faster: look at the present state first."), code="stale")


def key_used() -> MoveRefused:
    return MoveRefused(_("This request was already used for another incident: load the page again."), code="key_used")


def wrong_state() -> MoveRefused:
    return MoveRefused(_("This is not possible in the present state."), code="wrong_state")


def not_by_people() -> MoveRefused:
    return MoveRefused(_("Only the system does this."), code="by_system_only")


def not_by_system() -> MoveRefused:
    return MoveRefused(_("Only a person may do this."), code="by_person_only")


def not_allowed() -> MoveRefused:
    return MoveRefused(_("You hold no duty that may do this here."), code="no_right")


def handled_it() -> MoveRefused:
    return MoveRefused(_("Who did the work, or belongs to a unit that did, does not check it."), code="handled_it")


def missing(field: str) -> MoveRefused:
    messages = {
        "text": _("Say what happened."),
        "note": _("Give a reason."),
        "result": _("Say what was done."),
        "target_unit": _("Choose a unit."),
        "orders": _("Name at least one unit and what it shall do."),
        "approval": _("This needs an approval."),
        "review_at": _("Give a review date."),
        "master": _("Choose the incident it belongs to."),
        "plan": _("This needs a published plan."),
        "on_site": _("This needs a photo and a position taken on site."),
    }
    return MoveRefused(messages[field], code="missing", field=field)


def top_reached() -> MoveRefused:
    return MoveRefused(_("This is the top tier: it acts itself."), code="top_reached")


def nobody_to_return_to() -> MoveRefused:
    return MoveRefused(_("It did not come from another tier that could take it back."), code="no_sender")


def returned_too_often() -> MoveRefused:
    return MoveRefused(
        _("It went back and forth between these two units twice; the upper one keeps it and acts."), code="ping_pong"
    )


def not_urgent() -> MoveRefused:
    return MoveRefused(_("Only urgent matters may go past a tier."), code="not_urgent")


def place_retired() -> MoveRefused:
    return MoveRefused(_("This unit was retired."), code="place_retired", field="place")


def wrong_unit(message: str | Promise) -> MoveRefused:
    return MoveRefused(message, code="wrong_unit", field="target_unit")


def too_late(days: int) -> MoveRefused:
    return MoveRefused(_("Closed more than %(days)d days ago: report it anew.") % {"days": days}, code="too_late")


def own_request() -> MoveRefused:
    return MoveRefused(_("Nobody decides a request of their own."), code="own_request")


def not_your_grid(name: str) -> MoveRefused:
    return MoveRefused(
        _("This place belongs to %(grid)s: report it instead.") % {"grid": name}, code="not_your_grid", field="settled"
    )


def unknown_datum() -> MoveRefused:
    return MoveRefused(_("This datum is not known: use WGS-84 or CGCS2000."), code="unknown_datum", field="datum")


def no_place() -> MoveRefused:
    return MoveRefused(_("Take the position, tap the map or name the place."), code="missing", field="place")


def outside_all_grids() -> MoveRefused:
    return MoveRefused(
        _("No grid holds this position: name the village, or tap the right place."), code="outside", field="place"
    )
