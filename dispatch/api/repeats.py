"""Whether a request under a used `Idempotency-Key` is the one the key belongs to, as the first one's event tells."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from dispatch.acts import ACTS
from grids.api.problems import Problem
from incidents.models import IncidentEvent

# What a request decided makes of the incident; the event bears that name.
EVENTS_OF = {
    "grant": ("suspend", "void"),
    "refuse": ("approval_refused",),
    "ask_suspend": ("approval_asked",),
    "ask_void": ("approval_asked",),
    "confirm": ("confirmed",),
    "urge": ("urged",),
    "supervise": ("card_issued",),
    "reply_card": ("card_replied",),
    "withdraw_card": ("card_withdrawn",),
    **{name: (act.event,) for name, act in ACTS.items()},
}


def refuse_other(event: IncidentEvent, name: str, given: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Raise a Problem unless `event` is what such a request makes: the key belongs to another one."""
    same = event.kind in EVENTS_OF.get(name, (name,))
    if not same or any(asked != told for asked, told in _members(event, name, given, inputs)):
        raise Problem("key-reused")


def _members(
    event: IncidentEvent, name: str, given: Mapping[str, Any], inputs: Mapping[str, Any]
) -> Iterator[tuple[Any, Any]]:
    """What is asked now beside what the event tells of the first request, member by member."""
    about = event.details
    yield given["note"].strip(), event.note
    if event.seq is not None:
        yield given["seq"] + 1, event.seq
    if "orders" in about or "order" in about:
        told = about["orders"] if "orders" in about else [about["order"]]
        yield (
            [_order(order.unit.pk, order.text, order.required) for order in inputs.get("orders", ())],
            [_order(each["unit"], each["text"], each["required"]) for each in told],
        )
    if "assignment" in about:
        yield inputs.get("assignment_id"), about["assignment"]
    if "master" in about:
        yield getattr(inputs.get("master"), "number", None), about["master"]
    if name == "return":
        yield inputs.get("reason"), about.get("reason")
        yield _code(inputs.get("proposed_unit")), about.get("proposed_unit") or ""
    if name == "transfer":
        yield _code(inputs.get("target_unit")), event.holder_after_id
    if name == "ask_suspend":
        yield inputs.get("review_at"), datetime.fromisoformat(about["review_at"])
    if name in ("grant", "refuse"):
        request = about["approval"]
        yield inputs.get("approval_id"), request["approval"] if isinstance(request, dict) else request
    if "card_id" in about:
        yield inputs.get("card_id", about["card_id"]), about["card_id"]
        yield inputs.get("colour", about["colour"]), about["colour"]
        yield _code(inputs.get("target_unit")) or about["card_unit"], about["card_unit"]


def _order(unit: str, text: str, required: bool) -> tuple[str, str, bool]:
    return unit, text.strip(), required


def _code(unit: Any) -> str:
    return unit.pk if unit is not None else ""
