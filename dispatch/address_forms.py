"""Forms for addresses outside the house and for who is told of what."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from dispatch.addresses import Wanted
from dispatch.audience import AUDIENCES, Reason, Table, Who, choices, reasons
from dispatch.channels import WAYS
from dispatch.models import Address, Channel, Hears
from grids.models import Unit

LABELS = {
    Channel.EMAIL: _("E-mail address"),
    Channel.SMS: _("Mobile number"),
    Channel.WEBHOOK: _("Address of the webhook"),
}
ROBOT = _("Webhook address of the robot")
# Some robots take only what is signed or holds a word they know.
KEYWORD = format_lazy(_("Where a robot asks for a keyword instead, give it: {word}"), word=_("Wangge"))
TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class _ToldForm(forms.Form):
    """What is told at an address, and when."""

    secret = forms.CharField(
        label=_("Signing secret (may stay empty)"),
        help_text=KEYWORD,
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    hears = forms.ChoiceField(label=_("What is told there"), choices=Hears.choices)
    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=TIME)
    quiet_to = forms.TimeField(label=_("Quiet until"), required=False, widget=TIME)


class AddressForm(_ToldForm):
    """Where, and what is told there and when. An address that is there already is not shown and need not be typed."""

    channel = forms.CharField(widget=forms.HiddenInput)
    target = forms.CharField(required=False, max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    field_order = ("channel", "target")

    def __init__(self, *args: Any, channel: str, address: Address | None = None, phone: str = "", **named: Any) -> None:
        initial: dict[str, Any] = {"channel": channel, "hears": Hears.ALL}
        if channel == Channel.SMS:
            # Text messages cost money and wake people up.
            initial |= {"hears": Hears.PRESSING, "target": "" if address else phone}
        if address is not None:
            initial |= {name: getattr(address, name) for name in ("hears", "quiet_from", "quiet_to")}
        super().__init__(*args, **{"initial": initial, "auto_id": f"{channel}-%s", **named})
        target = self.fields["target"]
        target.label = LABELS.get(Channel(channel), ROBOT)
        if address is not None:
            target.widget.attrs["placeholder"] = address.hint
            target.help_text = _("Leave it empty to keep the one there is.")
        else:
            target.required = True
            target.error_messages["required"] = _("Where shall messages go?")
        if not WAYS[channel].has_secret:
            del self.fields["secret"]

    def wanted(self) -> Wanted:
        """What was entered, once the form is valid."""
        return Wanted(**self.cleaned_data)


class RobotForm(_ToldForm):
    """A new robot of a unit's group."""

    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("Unit"), empty_label=None)
    channel = forms.ChoiceField(label=_("Kind"))
    name = forms.CharField(label=_("Name of the group"), max_length=60)
    target = forms.CharField(
        label=ROBOT, max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "https://"})
    )
    field_order = ("unit", "channel", "name", "target")

    def __init__(self, *args: Any, units: Any, channels: list[str], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["channel"].choices = [(key, Channel(key).label) for key in channels]  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """What was entered, once the form is valid."""
        return Wanted(**{name: value for name, value in self.cleaned_data.items() if name != "unit"})


class AudienceForm(forms.Form):
    """For one kind of event: who is told, each for which reason."""

    def __init__(self, *args: Any, kind: str, table: Table, district: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self.groups = choices(kind)
        told = {line.who: line.reason for line in table.lines(kind, district)}
        usual = {line.who: line.reason for line in AUDIENCES[kind]}
        first = next(iter([*told.values(), *usual.values()]), reasons(kind)[-1])
        offered = [(reason.value, reason.label) for reason in reasons(kind)]
        for who in self.groups:
            self.fields[f"told_{who}"] = forms.BooleanField(required=False, label=who.label, initial=who in told)
            self.fields[f"reason_{who}"] = forms.ChoiceField(
                choices=offered, initial=told.get(who) or usual.get(who) or first, label=_("reason")
            )

    def lines(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """A tick and a reason for each group."""
        return [(self[f"told_{who}"], self[f"reason_{who}"]) for who in self.groups]

    def wanted(self) -> dict[Who, Reason]:
        """Who shall be told, once the form is valid."""
        given = self.cleaned_data
        return {who: Reason(given[f"reason_{who}"]) for who in self.groups if given[f"told_{who}"]}
