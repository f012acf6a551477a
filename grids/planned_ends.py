"""The end of a unit is set for a later moment, and called off. `governance.ending` carries it out when it comes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from grids import permissions
from grids.duties import Right
from grids.models import EndState, Person, PlannedEnd, Unit
from grids.refusals import HierarchyRefused, constraints_as
from grids.subtrees import within

SETTLED_MOST = 50


@transaction.atomic
def plan(
    *, unit: Unit, heirs: Sequence[Unit], at: datetime, actor: Person, now: datetime, people_follow: bool = False
) -> PlannedEnd:
    """`unit` is to end at `at`, and the first of `heirs` to take its open work; nothing else changes before that.

    Whether it may end is asked when the moment comes. Raises HierarchyRefused for a moment that is past, a unit or
    successor that is retired, another kind, or an end that is planned already; PermissionDenied.
    """
    for each in (unit, *heirs):
        permissions.require(actor, Right.ADMINISTER, each, now=now)
    if at <= now:
        raise HierarchyRefused(_("Choose a moment in the future."), code="end_past")
    locked = Unit.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=[unit.pk, *(h.pk for h in heirs)])
    found = {one.pk: one for one in locked.order_by("pk")}
    if found[unit.pk].is_retired:
        raise HierarchyRefused(_("This unit was retired."), code="unit_retired")
    for heir in heirs:
        if heir.pk == unit.pk:
            raise HierarchyRefused(_("A unit is succeeded by another one."), code="succession_of_another")
        if heir.kind != unit.kind:
            raise HierarchyRefused(_("A unit is succeeded by a unit of the same kind."), code="succession_kind")
        if found[heir.pk].is_retired:
            raise HierarchyRefused(_("The successor was retired itself."), code="succession_retired")
    with constraints_as(HierarchyRefused, PlannedEnd):
        return PlannedEnd.objects.create(
            unit=unit,
            heirs=[heir.pk for heir in heirs],
            people_follow=people_follow,
            at=at,
            planned_by=actor,
            planned_at=now,
        )


@transaction.atomic
def call_off(*, unit: Unit, actor: Person, now: datetime) -> bool:
    """The planned end of `unit` will not come; whether one was planned. Raises PermissionDenied."""
    permissions.require(actor, Right.ADMINISTER, unit, now=now)
    planned = PlannedEnd.objects.select_for_update(of=("self",)).filter(unit=unit, state=EndState.PLANNED).first()
    if planned is None:
        return False
    settle(planned, EndState.CANCELLED, now=now, by=actor)
    return True


def settle(planned: PlannedEnd, state: EndState, *, now: datetime, by: Person | None = None, refusal: str = "") -> None:
    """Write what became of a planned end, which the caller has locked."""
    planned.state, planned.settled_at, planned.settled_by, planned.refusal = state, now, by, refusal
    planned.save(update_fields=["state", "settled_at", "settled_by", "refusal"])


def planned_for(unit: Unit) -> PlannedEnd | None:
    """The end that is planned for `unit`, with who planned it. One query."""
    return PlannedEnd.objects.filter(unit=unit, state=EndState.PLANNED).select_related("planned_by").first()


def failed_of(unit: Unit) -> PlannedEnd | None:
    """The latest planned end of `unit` if it could not be carried out. One query."""
    latest = PlannedEnd.objects.filter(unit=unit).order_by("-pk").first()
    return latest if latest is not None and latest.state == EndState.REFUSED else None


def heirs_of(planned: PlannedEnd) -> list[Unit]:
    """The successors in the order they were named."""
    found = Unit.objects.in_bulk(planned.heirs)
    return [found[code] for code in planned.heirs if code in found]


def under(prefixes: Iterable[str]) -> "QuerySet[PlannedEnd]":
    """The planned ends of units under `prefixes`, what is still to come first."""
    rows = PlannedEnd.objects.filter(within(prefixes, "unit"))
    return rows.select_related("unit", "planned_by", "settled_by")


def due(now: datetime) -> PlannedEnd | None:
    """The first planned end whose moment has come and that nobody else has taken, locked."""
    waiting = PlannedEnd.objects.select_for_update(skip_locked=True, of=("self",))
    return waiting.filter(state=EndState.PLANNED, at__lte=now).select_related("unit", "planned_by").first()
