"""What events of the house are to people: in words, where their notices lead, and what follows from telling one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.models import Notice
from grids import house, permissions, plans
from grids.duties import PLAN_READERS
from grids.holds import FINISHED
from grids.models import HouseEvent, Person, Plan


def overtake(event: HouseEvent, now: datetime) -> None:
    """Once a publication is told of: who draws a plan begun before it hears, once, that it must be begun again."""
    if event.kind not in ("plan_published", "plan_rolled_back"):
        return
    begun = Plan.objects.filter(plans.touching(event.unit_id), created_at__lte=event.at).exclude(status__in=FINISHED)
    # Held first, asked afterwards: two who announce at once tell of a plan once.
    held = list(begun.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    late = Plan.objects.filter(pk__in=held).exclude(house_events__kind="plan_overtaken")
    for plan in late.defer("frame", "certificate").order_by("pk"):
        house.note_plan("plan_overtaken", plan, actor=None, now=now)


def about_for(event: HouseEvent, person: int) -> dict[str, Any] | None:
    """What an event is to a person (by id): what it is to everybody, and what to that one alone."""
    shared = {name: event.details[name] for name in ("fault", "number") if event.details.get(name)}
    return {**shared, **event.details.get("people", {}).get(str(person), {})} or None


def words(event: HouseEvent, about: Mapping[str, Any] | None) -> str:
    """What happened, and what it is to the person a notice went to, as a sentence or several."""
    said, about = [str(house.KINDS.get(event.kind, ""))], about or {}
    if about.get("incidents"):
        count = int(about["incidents"])
        one = ngettext("%(count)d open incident is yours now", "%(count)d open incidents are yours now", count)
        said.append(one % {"count": count})
    if about.get("arrived"):
        count = int(about["arrived"])
        one = ngettext("%(count)d incident waits for your desk", "%(count)d incidents wait for your desk", count)
        said.append(one % {"count": count})
    if about.get("begun"):
        said.append(_("you serve in %(grids)s from now on") % {"grids": ", ".join(about["begun"])})
    if about.get("ended"):
        said.append(_("your post ended in %(grids)s") % {"grids": ", ".join(about["ended"])})
    if about.get("fault"):
        said.append(str(about["fault"]))
    if about.get("number"):
        count = int(about["number"])
        said.append(ngettext("%(number)d row", "%(number)d rows", count) % {"number": count})
    return _("; ").join(said)


def title_of(event: HouseEvent) -> str:
    """What it happened to, as pages of the house name it."""
    return event.plan.title if event.plan else _("Long export")


def address(notice: Notice, person: Person, *, now: datetime) -> str:
    """Where a notice leads: who serves in a grid of a plan to that, who reads plans to the plan, else to the start."""
    event, about = notice.house_event, notice.about or {}
    assert event is not None, "a notice of no incident is of the house"
    if event.plan_id is None:
        return reverse("incidents:exports")
    if about.get("begun"):
        return reverse("grids:unit", args=[about["begun"][0]])
    if any(permissions.allows(person, right, event.unit_id, now=now) for right in PLAN_READERS):
        return reverse("studio:plan", args=[event.plan_id])
    return reverse("landing")
