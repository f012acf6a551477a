"""A unit is retired or followed by another: places, incidents and orders in one transaction.

Only here do the floors meet: `grids` knows nothing of what lies with a unit, and nothing that is open may be left
with a unit nobody serves any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from dispatch import inheritance as dispatch_inheritance
from grids import hierarchy, permissions, selectors
from grids.duties import Right
from grids.models import Person, Post, Unit
from grids.refusals import HierarchyRefused
from incidents import inheritance


@dataclass
class Left:
    """What would be left behind if a unit went now: what stands against it, and what would go over to a successor."""

    reasons: list[ValidationError] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    incidents: int = 0
    orders: int = 0

    @property
    def work(self) -> int:
        return self.incidents + self.orders


def survey(unit: Unit, *, now: datetime) -> Left:
    """What lies with `unit` at `now`. Five queries."""
    return Left(
        reasons=hierarchy.why_not_retired(unit, now=now),
        posts=list(selectors.people_of(unit.pk, now)),
        incidents=inheritance.open_at(unit).count(),
        orders=dispatch_inheritance.open_orders(unit),
    )


@transaction.atomic
def retire(*, unit: Unit, actor: Person, now: datetime) -> Unit:
    """The unit retired without a successor. Raises HierarchyRefused also while work is open there, PermissionDenied."""
    permissions.require(actor, Right.ADMINISTER, unit, now=now)
    selectors.hold(unit.pk)
    # Full strength: nothing new may come to the unit while it is looked at.
    unit = Unit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    left = survey(unit, now=now)
    if left.work:
        words = _("Open work lies with it: %(incidents)d incidents, %(orders)d orders. Name a successor for it.")
        raise HierarchyRefused(words % {"incidents": left.incidents, "orders": left.orders}, code="unit_has_work")
    return hierarchy.retire(unit=unit, now=now, actor=actor)


@transaction.atomic
def succeed(*, old: Unit, heirs: Sequence[Unit], actor: Person, now: datetime, people_follow: bool = False) -> int:
    """`heirs` follow `old`; its open work goes on at the first of them; returns how many incidents went over.

    All or nothing. Raises HierarchyRefused and PostRefused as `hierarchy.succeed`, PermissionDenied.
    """
    if not heirs:
        raise HierarchyRefused(_("Name a successor."), code="succession_of_another")
    for heir in heirs:
        permissions.require(actor, Right.ADMINISTER, heir, now=now)
    permissions.require(actor, Right.ADMINISTER, old, now=now)
    selectors.hold(old.pk, *(heir.pk for heir in heirs))
    # Incidents are locked before units, as everybody locks them; what came meanwhile is taken along after that.
    moved = dispatch_inheritance.inherit(old=old, new=heirs[0], actor=actor, now=now)
    old = Unit.objects.select_for_update(of=("self",)).get(pk=old.pk)
    if old.is_retired:
        raise HierarchyRefused(_("This unit was retired."), code="unit_retired")
    moved += dispatch_inheritance.inherit(old=old, new=heirs[0], actor=actor, now=now)
    for heir in heirs:
        follows = people_follow and heir.pk == heirs[0].pk
        hierarchy.succeed(old=old, new=heir, at=now, actor=actor, people_follow=follows)
    return moved
