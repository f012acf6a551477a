"""The words that leave the house: number, unit, light or act, link. No word of a reporter, no name, no place below a
village; a code for an address that is not proven yet."""

from collections import Counter
from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.addresses import CODE_LIVES, code_of
from dispatch.audience import Reason
from dispatch.channels import Message
from dispatch.kinds import label_of
from dispatch.models import Channel, Delivery, Notice
from grids.levels import UnitKind
from grids.models import HouseEvent, Unit
from incidents.models import IncidentEvent

# What a delivery needs to be told in words.
NEEDED = (
    "event__incident__holder__parent", "event__holder_after__parent", "event__unit__parent", "house_event__unit",
)  # fmt: skip
LIGHTS = ("light_yellow", "light_red")


def message_of(delivery: Delivery, bundled: Iterable[str] = ()) -> Message:
    """What is sent for `delivery`, in its owner's language; `bundled` are the reasons of those it stands for."""
    person = delivery.address.person
    language = person.language if person else ""
    with translation.override(language or settings.LANGUAGE_CODE):
        event = delivery.event or delivery.house_event
        if event is None:
            return _code(delivery)
        reasons = Counter(bundled)
        if reasons:
            reasons[delivery.reason] += 1
            return _digest(delivery, reasons)
        return _of_the_house(delivery, event) if isinstance(event, HouseEvent) else _single(delivery, event)


def unit_of(event: IncidentEvent) -> Unit:
    """The unit a message names: whose light it is, else who has the incident by this event; never a grid."""
    lit = event.unit if event.kind in LIGHTS else None
    unit = lit or event.holder_after or event.incident.holder
    return unit.parent if unit.kind == UnitKind.GRID and unit.parent else unit


def _single(delivery: Delivery, event: IncidentEvent) -> Message:
    number = event.incident.number
    link = _link("incidents:detail", number)
    return _one(delivery, event.kind, number, str(unit_of(event)), link)


def _of_the_house(delivery: Delivery, event: HouseEvent) -> Message:
    """Of a plan its number and place; of a long export its number and unit. A person opens their notice of it."""
    if event.plan_id is not None:
        number, link = _("Plan %(number)d") % {"number": event.plan_id}, _link("studio:plan", event.plan_id)
    else:
        number, link = _("Export %(number)d") % {"number": event.details["request"]}, _link("incidents:exports")
    if delivery.address.person_id is not None:
        own = Notice.objects.filter(house_event=event, person=delivery.address.person_id, channel=Channel.IN_APP)
        read = own.values_list("pk", flat=True).first()
        link = _link("dispatch:notice", read) if read else _link("dispatch:inbox")
    return _one(delivery, event.kind, number, str(event.unit), link)


def _mark(delivery: Delivery) -> str:
    """What a message can be told by, however often it arrives."""
    event = f"H{delivery.house_event_id}" if delivery.house_event_id else f"E{delivery.event_id}"
    return f"D{delivery.pk}-{event}"


def _one(delivery: Delivery, kind: str, number: str, unit: str, link: str) -> Message:
    act, reason, mark = label_of(kind) or kind, _reason(delivery.reason), _mark(delivery)
    act = act if act == reason else f"{reason} · {act}"
    lines = [act, f"{number} · {unit}", link, f"[{mark}]"]
    return Message(f"wangge-{mark}", f"{reason} · {number}", _text(lines), number, unit, act, link)


def _digest(delivery: Delivery, reasons: Counter[str]) -> Message:
    count = sum(reasons.values())
    title = ngettext("%(count)d message", "%(count)d messages", count) % {"count": count}
    words = [f"{_reason(reason)} {number}" for reason, number in reasons.most_common()]
    link, mark = _link("dispatch:inbox"), _mark(delivery)
    lines = [title, *words, link, f"[{mark}]"]
    return Message(f"wangge-{mark}", title, _text(lines), act=" · ".join(words), link=link, count=count)


def _code(delivery: Delivery) -> Message:
    if delivery.address.proven_at is not None:
        trial = _("This is a message to try it with: it works.")
        return Message(f"wangge-D{delivery.pk}", trial, _text([trial, f"[D{delivery.pk}]"]), act=trial)
    code = code_of(delivery.address)
    minutes = int(CODE_LIVES.total_seconds() // 60)
    words = _("Code %(code)s: type it in within %(minutes)d minutes to be told here what waits for you.")
    text = words % {"code": code, "minutes": minutes}
    return Message(f"wangge-D{delivery.pk}", _("A code that proves this address"), _text([text]), act=text)


def _text(lines: Iterable[str]) -> str:
    return "\n".join([f"【{_('Wangge')}】", *filter(None, lines)])


def _reason(reason: str) -> str:
    return str(Reason(reason).label) if reason in Reason.values else ""


def _link(name: str, *arguments: str | int) -> str:
    return settings.SITE_URL + reverse(name, args=arguments) if settings.SITE_URL else ""
