"""The doors of the hierarchy for a redraw: grids begin, end, come back and follow each other, many at once.

Called by `grids.enactments` alone, inside of the transaction that publishes a plan, after its boundaries.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from grids import hierarchy, posts
from grids.levels import CODE_LENGTHS, UnitKind
from grids.models import Boundary, Lineage, Person, Plan, Post, Succession, Unit
from grids.refusals import HierarchyRefused

_VILLAGE = CODE_LENGTHS[UnitKind.VILLAGE]


def highest_numbers(villages: Collection[str]) -> dict[str, int]:
    """The last number ever given to a grid of each village, be it retired; 0 where there never was one."""
    last = Unit.objects.filter(parent__in=villages, kind=UnitKind.GRID).values("parent").annotate(last=Max("code"))
    found = {row["parent"]: int(row["last"][_VILLAGE:]) for row in last.order_by()}
    return {village: found.get(village, 0) for village in villages}


def retire(*, codes: Collection[str], now: datetime) -> None:
    """Retire these grids, whose areas and posts ended by `now`; a post still ahead never comes into force.

    Raises HierarchyRefused while the area of one is published.
    """
    units = list(Unit.objects.select_for_update(no_key=True).filter(pk__in=codes, retired_at=None).order_by("pk"))
    if Boundary.objects.filter(hierarchy.still_published(now), unit__in=codes).exists():
        words = _("Its area is still published: redraw the boundaries first.")
        raise HierarchyRefused(words, code="unit_has_boundary")
    for post in Post.objects.filter(unit__in=codes, period__endswith__isnull=True, period__isempty=False):
        posts.relieve(post=post, at=now)
    for post in Post.objects.filter(unit__in=codes, period__endswith__gt=now):
        posts.relieve(post=post, at=now)
    for unit in units:
        unit.retired_at, unit.duty_contact = now, None
    Unit.objects.bulk_update(units, ["retired_at", "duty_contact"], batch_size=1000)


def revive(*, codes: Collection[str]) -> None:
    """Put retired grids back into service under their old codes: the redraw that ended them is taken back.

    Raises HierarchyRefused where the village was retired meanwhile.
    """
    units = Unit.objects.select_for_update(of=("self",), no_key=True).select_related("parent")
    back = list(units.filter(pk__in=codes, kind=UnitKind.GRID).order_by("pk"))
    if any(unit.parent is None or unit.parent.is_retired for unit in back):
        raise HierarchyRefused(_("The parent unit was retired."), code="unit_parent_retired")
    for unit in back:
        unit.retired_at = None
    Unit.objects.bulk_update(back, ["retired_at"], batch_size=1000)


def call_again(*, contacts: Mapping[str, Sequence[int | None]], stood: Mapping[str, int | None], at: datetime) -> None:
    """Let the duty contact of each grid be again who it was before a redraw that is taken back, or nobody.

    `contacts`: who before and after that redraw; `stood`: who until now. Whoever was named since stays, and nobody is
    named who holds no post there at `at`.
    """
    back = {code: before for code, (before, after) in contacts.items() if stood.get(code) == after}
    serving = Post.objects.filter(unit__in=back, period__contains=at, person__is_active=True)
    held = set(serving.values_list("unit", "person"))
    units = [
        Unit(code=code, duty_contact_id=before)
        for code, before in sorted(back.items())
        if before is None or (code, before) in held
    ]
    Unit.objects.bulk_update(units, ["duty_contact"], batch_size=1000)


def follow(*, pairs: Iterable[tuple[str, str]], at: datetime, actor: Person | None) -> None:
    """Write that the second of each pair follows the first; what is on record already stays as it is."""
    rows = [Succession(old_id=old, new_id=new, at=at, actor=actor) for old, new in sorted(set(pairs)) if old != new]
    Succession.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def trace(*, plan: Plan, shares: Mapping[tuple[str, str], tuple[float, float | None]]) -> None:
    """Write how much of which grid went where: its ground and its households, from 0 to 1."""
    rows = [
        Lineage(plan=plan, old_id=old, new_id=new, area_share=min(ground, 1.0), households_share=homes)
        for (old, new), (ground, homes) in sorted(shares.items())
    ]
    Lineage.objects.bulk_create(rows, batch_size=1000)
