"""What a press needs besides the press: one form, built from the offer it belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dispatch.models import AssignmentRole, ReturnReason
from dispatch.offers import Offer
from dispatch.orders import Order
from grids.levels import TIER_ORDER
from grids.models import Unit
from incidents.forms import PicturesField, new_key
from incidents.models import CardColour, Incident, PhotoStage
from incidents.refusals import MoveRefused

MOST_CHARACTERS = 1000
PLACES = frozenset(TIER_ORDER)
# The hour of the review date at which a suspension ends.
REVIEW_HOUR = time(9, 0)
# Presses that say what was done may show it.
SHOWS_AFTER = frozenset({"answer", "feed_back"})
# Presses that ask another unit to answer; mostly there is but one it could be.
ASKING = frozenset({"urge", "supervise"})

# What people write most, by press; a chip puts it into the field.
PHRASES: dict[str, tuple[str | Promise, ...]] = {
    "accept": (gettext_lazy("Staff sent to the place"), gettext_lazy("The reporter was called")),
    "dismiss": (
        gettext_lazy("Reported already, is being handled"),
        gettext_lazy("Not a matter of public administration"),
        gettext_lazy("Not found at the place"),
    ),
    "escalate": (
        gettext_lazy("Beyond what the village can do"),
        gettext_lazy("Several departments must work together"),
        gettext_lazy("Needs enforcement powers"),
        gettext_lazy("Needs money or equipment"),
    ),
    "send_back": (
        gettext_lazy("Can be settled at your level"),
        gettext_lazy("Not enough information; please look into it first"),
    ),
    "transfer": (gettext_lazy("Lies in your area"),),
    "recall": (gettext_lazy("Handled by ourselves"),),
    "answer": (gettext_lazy("Solved on site"), gettext_lazy("Cleared"), gettext_lazy("Both sides have agreed")),
    "feed_back": (gettext_lazy("Solved on site"), gettext_lazy("Repaired"), gettext_lazy("Penalty imposed")),
    "close": (
        gettext_lazy("Checked on site: solved"),
        gettext_lazy("Checked by pictures: solved"),
        gettext_lazy("The reporter was called and is content"),
    ),
    "rework": (
        gettext_lazy("Not solved on site"),
        gettext_lazy("The pictures do not show the result"),
        gettext_lazy("It came back"),
    ),
    "return": (gettext_lazy("Not this unit's duty"), gettext_lazy("The place is not in our charge")),
    "ask_suspend": (gettext_lazy("Waits for the weather"), gettext_lazy("Waits for the project to be approved")),
    "ask_void": (gettext_lazy("Reported by mistake"), gettext_lazy("A drill")),
    "refuse": (gettext_lazy("The reason does not suffice"),),
    "reopen": (gettext_lazy("It came back"),),
}
PHRASES["escalate_urgent"] = PHRASES["escalate"]
PHRASES["urge"] = (
    gettext_lazy("The time is nearly up: please get on with it"),
    gettext_lazy("The reporter asked again"),
    gettext_lazy("Please report how far it is"),
)
PHRASES["supervise"] = (
    gettext_lazy("Overdue: state the reason and the date by which it will be done"),
    gettext_lazy("Repeatedly urged without effect"),
    gettext_lazy("Not solved in spite of the feedback"),
)
PHRASES["reply_card"] = (
    gettext_lazy("Staff sent, done today"),
    gettext_lazy("Waits for another unit, see the record"),
    gettext_lazy("Done, feedback follows"),
)
PHRASES["withdraw_card"] = (gettext_lazy("Issued by mistake"), gettext_lazy("Settled meanwhile"))
PHRASES["waive"] = (gettext_lazy("No longer needed"),)
PHRASES["recall_order"] = PHRASES["waive"]
NOTE_LABELS = {
    "note": gettext_lazy("Reason"),
    "result": gettext_lazy("What was done"),
    "": gettext_lazy("Words (may stay empty)"),
}
REPLY_LABEL = pgettext_lazy("of a card", "Your answer")
CLOSE_LABEL = pgettext_lazy("of a check", "What the check found")

OWN_LABELS = {"close": CLOSE_LABEL, "reply_card": REPLY_LABEL}


@dataclass(frozen=True)
class UnitChoice:
    """One unit of the order builder, with what was ticked and typed for it."""

    unit: Unit
    chosen: bool
    is_lead: bool
    is_required: bool
    text: str

    @property
    def kind(self) -> str:
        return str(self.unit.get_kind_display())


class MoveForm(forms.Form):
    """The fields an offer needs; `seq` is what was seen, `key` makes a second press of the same form harmless.

    `given` are the inputs for `moves.perform` once the form is valid.
    """

    seq = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    note = forms.CharField(required=False, max_length=MOST_CHARACTERS, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, offer: Offer, incident: Incident, now: datetime, **named: Any) -> None:
        named.setdefault("initial", {"seq": offer.seq, "key": new_key()})
        super().__init__(*args, **named)
        self.auto_id = "move-%s"
        self.offer, self.incident, self.now = offer, incident, now
        self._prepare_note()
        self._add_unit_fields()
        self._add_other_fields()

    # -- fields --------------------------------------------------------------------------------------------

    def _prepare_note(self) -> None:
        needs = self.offer.needs
        kind = "result" if "result" in needs else "note" if "note" in needs else ""
        note = self.fields["note"]
        note.label = OWN_LABELS.get(self.offer.name, NOTE_LABELS[kind])
        note.required = bool(kind)
        note.error_messages["required"] = _("Say what was done.") if kind == "result" else _("Give a reason.")

    def _add_unit_fields(self) -> None:
        needs, units = self.offer.needs, self.offer.units
        if "target_unit" in needs:
            self.fields["target_unit"] = _unit_field(_("To which unit"), units, required=True)
            if len(units) == 1 and self.offer.name in ASKING:
                self.fields["target_unit"].initial = units[0].pk
        if "orders" in needs:
            self.fields["order_text"] = forms.CharField(
                label=_("Order"),
                required=False,
                max_length=MOST_CHARACTERS,
                initial=self._order_suggestion(),
                widget=forms.Textarea(attrs={"rows": 3}),
            )
        if self.offer.name == "return":
            self.fields["reason"] = forms.ChoiceField(
                label=_("Why it is returned"),
                choices=ReturnReason.choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose why it is returned.")},
            )
            self.fields["proposed_unit"] = _unit_field(_("Whose duty it is instead"), units, required=False)

    def _add_other_fields(self) -> None:
        needs = self.offer.needs
        if "colour" in needs:
            self.fields["colour"] = forms.ChoiceField(
                label=_("Which card"),
                choices=[(colour.value, colour.label) for colour in self.offer.colours],
                initial=CardColour.ORDINARY,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose which card.")},
            )
        if "handlers" in needs:
            choices = [(order.pk, f"{order.unit} · {order.get_role_display()}") for order in self.offer.assignments]
            self.fields["handlers"] = forms.MultipleChoiceField(
                label=_("Who shall do it again"),
                choices=choices,
                initial=[pk for pk, _label in choices],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Choose at least one unit that shall do it again.")},
            )
        if "review_at" in needs:
            self.fields["review_at"] = forms.DateField(
                label=_("Review date"),
                widget=forms.DateInput(attrs={"type": "date", **self._review_bounds()}),
                error_messages={"required": _("Give a review date.")},
                help_text=_("On that day at 9:00 it is resumed by itself."),
            )
        if "master" in needs:
            self.fields["master"] = forms.CharField(
                label=_("Number of the incident it belongs to"),
                max_length=24,
                error_messages={"required": _("Choose the incident it belongs to.")},
            )
        if self.offer.name in SHOWS_AFTER:
            self.fields["photos"] = PicturesField(label=_("Pictures afterwards"), required=False)

    def _order_suggestion(self) -> str:
        if self.offer.assignment is not None:
            return self.offer.assignment.order
        return _("Please handle: %(text)s") % {"text": self.incident.text.strip()[:300]}

    def _review_bounds(self) -> dict[str, str]:
        bounds = {"min": f"{timezone.localdate(self.now) + timedelta(days=1):%Y-%m-%d}"}
        if self.offer.latest is not None:
            bounds["max"] = f"{timezone.localdate(self.offer.latest):%Y-%m-%d}"
        return bounds

    # -- what a template asks --------------------------------------------------------------------------------

    @property
    def phrases(self) -> tuple[str | Promise, ...]:
        return PHRASES.get(self.offer.name, ())

    @property
    def builds_orders(self) -> bool:
        return "orders" in self.offer.needs

    @property
    def one_order(self) -> bool:
        """Whether exactly one unit is chosen: it takes over from another."""
        return self.offer.name == "replace"

    @property
    def unit_choices(self) -> list[UnitChoice]:
        """The units of the order builder: what was ticked comes first, departments and offices before places."""
        ticked = set(self._list("units"))
        lead = self._said("lead")
        sent = self.is_bound
        choices = [
            UnitChoice(
                unit,
                unit.pk in ticked,
                unit.pk == lead,
                not sent or unit.pk not in ticked or f"required-{unit.pk}" in self.data,
                self._said(f"text-{unit.pk}"),
            )
            for unit in self.offer.units
        ]
        return sorted(choices, key=lambda choice: (not choice.chosen, choice.unit.kind in PLACES))

    def _list(self, name: str) -> list[str]:
        return list(self.data.getlist(name)) if hasattr(self.data, "getlist") else []

    def _said(self, name: str) -> str:
        return str(self.data.get(name, "")).strip()

    # -- cleaning --------------------------------------------------------------------------------------------

    def clean_review_at(self) -> datetime | None:
        """The morning of the day; on the last day that is allowed, the last moment."""
        day: date | None = self.cleaned_data["review_at"]
        if day is None:
            return None
        if day <= timezone.localdate(self.now):
            raise ValidationError(_("Choose a date in the future."), code="past")
        at = timezone.make_aware(datetime.combine(day, REVIEW_HOUR))
        latest = self.offer.latest
        return latest if latest is not None and at > latest and timezone.localdate(latest) == day else at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.builds_orders:
            self.orders = self._orders(str(cleaned.get("order_text") or "").strip())
        return cleaned

    def _orders(self, common: str) -> list[Order]:
        known = {unit.pk: unit for unit in self.offer.units}
        ticked = list(dict.fromkeys(code for code in self._list("units") if code in known))
        if not ticked:
            self.add_error("order_text", ValidationError(_("Choose at least one unit."), code="units"))
        lead = self._said("lead")
        orders = []
        for code in ticked:
            text = self._said(f"text-{code}")[:MOST_CHARACTERS] or common
            if not text:
                self.add_error("order_text", ValidationError(_("Say what the unit shall do."), code="missing"))
                break
            role = None
            if lead in ticked:
                role = AssignmentRole.LEAD if code == lead else AssignmentRole.CO
            orders.append(Order(known[code], text, role, self.one_order or f"required-{code}" in self.data))
        return orders

    @property
    def given(self) -> dict[str, Any]:
        """The inputs of `moves.perform`; `master` is still a number."""
        cleaned = self.cleaned_data
        units = {unit.pk: unit for unit in self.offer.units}
        given: dict[str, Any] = {}
        for name in ("target_unit", "proposed_unit"):
            if name in cleaned:
                given[name] = units.get(cleaned[name])
        for name in ("reason", "review_at", "colour"):
            if name in cleaned:
                given[name] = cleaned[name]
        if "handlers" in cleaned:
            given["handlers"] = [int(pk) for pk in cleaned["handlers"]]
        if self.builds_orders:
            given["orders"] = self.orders
        if self.offer.assignment is not None:
            given["assignment_id"] = self.offer.assignment.pk
        if self.offer.approval is not None:
            given["approval_id"] = self.offer.approval.pk
        if self.offer.card is not None:
            given["card_id"] = self.offer.card.pk
        if "on_site" in self.offer.needs:
            given["on_site"] = True
        return given

    @property
    def stage(self) -> PhotoStage:
        return PhotoStage.AFTER

    def refuse(self, refused: MoveRefused | ValidationError) -> None:
        """Put what the domain said at its field, else at the head of the form."""
        field = getattr(refused, "field", None)
        field = {"orders": "order_text", "result": "note"}.get(field or "", field)
        self.add_error(field if field in self.fields else None, ValidationError(refused.messages))


def _unit_field(label: str, units: Iterable[Unit], *, required: bool) -> forms.ChoiceField:
    blank = ("", _("Choose a unit") if required else _("Not known"))
    return forms.ChoiceField(
        label=label,
        required=required,
        choices=[blank, *((unit.pk, unit.label) for unit in units)],
        error_messages={"required": _("Choose a unit.")},
    )


class SeveralForm(forms.Form):
    """One press for several rows: what was picked, and words where the press needs them."""

    note = forms.CharField(required=False, max_length=MOST_CHARACTERS, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, needs_note: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        self.auto_id = "several-%s"
        self.fields["note"].required = needs_note
        self.fields["note"].error_messages["required"] = _("Give a reason.")
