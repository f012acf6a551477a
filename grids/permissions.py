"""Who has a right at a unit. The only module that asks guardian's table, and that writes it.

A right counts only while the post it comes from is in force: the grant says the right was derived,
the post says it still holds. Sight flows down the tree, action stays at its unit.
"""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from grids.duties import DUTIES_WITH_RIGHT, FLOWING_RIGHTS, RIGHTS_OF_DUTY, Duty, Right
from grids.levels import ancestor_codes, widest
from grids.models import Person, Post, Succession, Unit, UnitUserPermission
from grids.subtrees import within

# As `_granting`; in functions, whose plans are kept: putting one together takes longer than the answer.
_ACTING_DUTY = "SELECT grids_acting_duty(%s, %s, %s, %s, %s)"
_DUTIES_WITH_RIGHT = "SELECT grids_duties_with_right(%s, %s, %s, %s)"

# The posts at certain units, each with all that was granted there.
_RIGHTS_AT = """
SELECT post.unit_id, post.duty, ARRAY(
         SELECT named.codename FROM grids_unituserpermission held JOIN auth_permission named
             ON named.id = held.permission_id
          WHERE held.user_id = post.person_id AND held.content_object_id = post.unit_id)
  FROM grids_post post
 WHERE post.person_id = %s AND post.period @> %s::timestamptz AND post.unit_id = ANY(%s)
 ORDER BY post.is_primary DESC, post.id
"""

# What an account of the installation's keeper may do without any post: see and set up, never act.
_KEEPERS_RIGHTS = frozenset({Right.VIEW, Right.ADMINISTER, Right.AUDIT})


def allows(person: Person | AnonymousUser, right: Right, unit: Unit | str, *, now: datetime) -> bool:
    """Whether `person` has `right` at `unit` at `now`."""
    return acting_duty(person, right, unit, now=now) is not None


def require(person: Person | AnonymousUser, right: Right, unit: Unit | str, *, now: datetime) -> Duty:
    """The duty by which `person` has `right` at `unit`; raises PermissionDenied if there is none."""
    duty = acting_duty(person, right, unit, now=now)
    if duty is None:
        raise PermissionDenied(_("You have no duty here that allows this."))
    return duty


def acting_duty(person: Person | AnonymousUser, right: Right, unit: Unit | str, *, now: datetime) -> Duty | None:
    """The duty by which `person` has `right` at `unit`, or None. One query."""
    if not isinstance(person, Person) or not person.is_active:
        return None
    if person.is_superuser and right in _KEEPERS_RIGHTS:
        return Duty.ADMINISTRATOR
    code = unit if isinstance(unit, str) else unit.pk
    codes = [code, *ancestor_codes(code)] if right in FLOWING_RIGHTS else [code]
    with connection.cursor() as cursor:
        cursor.execute(_ACTING_DUTY, [right.value, person.pk, now, [*DUTIES_WITH_RIGHT[right]], codes])
        (duty,) = cursor.fetchone()
    if duty is not None:
        return Duty(duty)
    post = _post_of_heirs(person, code, now=now) if right is Right.VIEW else None
    return Duty(post.duty) if post else None


def _post_of_heirs(person: Person, code: str, *, now: datetime) -> Post | None:
    heirs = _heirs(code)
    if not heirs:
        return None
    above = {above for heir in heirs for above in [heir, *ancestor_codes(heir)]}
    return _granting(person, Right.VIEW, now).filter(unit__in=above).order_by("id").first()


def visible_prefixes(person: Person | AnonymousUser, *, now: datetime) -> list[str]:
    """The few shortest code prefixes under which `person` sees everything, predecessors included, sorted.

    A superuser gets `[""]`, a stranger nothing.
    """
    if not isinstance(person, Person) or not person.is_active:
        return []
    if person.is_superuser:
        return [""]
    seen = widest(list(_granting(person, Right.VIEW, now).values_list("unit", flat=True)))
    fresh = seen
    while fresh:
        before = widest([*seen, *Succession.objects.filter(within(fresh, "new")).values_list("old", flat=True)])
        fresh, seen = [prefix for prefix in before if prefix not in seen], before
    return seen


def units_with_right(person: Person | AnonymousUser, right: Right, *, now: datetime) -> list[str]:
    """Codes of the units at which a post gives `person` the right, sorted; subtrees are not spelled out."""
    return list(duties_with_right(person, right, now=now))


def duties_with_right(person: Person | AnonymousUser, right: Right, *, now: datetime) -> dict[str, Duty]:
    """The same, each unit with the duty that gives the right there, the primary one first. One query."""
    if not isinstance(person, Person) or not person.is_active:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_DUTIES_WITH_RIGHT, [right.value, person.pk, now, [*DUTIES_WITH_RIGHT[right]]])
        (found,) = cursor.fetchone()
    return {code: Duty(duty) for code, duty in map(str.split, found)}


def rights_at(person: Person | AnonymousUser, units: Collection[str], *, now: datetime) -> dict[str, dict[Right, Duty]]:
    """For each unit, the rights `person` has by posts at that very unit, each with the duty it comes from. One query.

    What flows down from units above is left out: ask `allows` for that.
    """
    found: dict[str, dict[Right, Duty]] = {code: {} for code in units}
    if not isinstance(person, Person) or not person.is_active or not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS_AT, [person.pk, now, list(found)])
        held = cursor.fetchall()
    for code, duty, granted in held:
        for right in RIGHTS_OF_DUTY[Duty(duty)] & {Right(name) for name in granted if name in Right.values}:
            found[code].setdefault(right, Duty(duty))
    return found


def write_grants(*, people: Collection[int], now: datetime) -> None:
    """Make guardian's rows of `people` exactly what their posts in force at `now` give. Call `posts.regrant`."""
    permissions = dict(Permission.objects.filter(_of_units()).values_list("codename", "pk"))
    wanted: set[tuple[int, str, int]] = set()
    in_force = Post.objects.filter(person__in=people, person__is_active=True, period__contains=now)
    for person, unit, duty in in_force.values_list("person", "unit", "duty"):
        wanted |= {(person, unit, permissions[right.value]) for right in RIGHTS_OF_DUTY[Duty(duty)]}
    stale: list[int] = []
    rows = UnitUserPermission.objects.filter(user__in=people)
    for pk, *grant in rows.values_list("pk", "user", "content_object", "permission"):
        key = (grant[0], grant[1], grant[2])
        if key in wanted:
            wanted.remove(key)
        else:
            stale.append(pk)
    if stale:
        UnitUserPermission.objects.filter(pk__in=stale).delete()
    UnitUserPermission.objects.bulk_create(
        UnitUserPermission(user_id=person, content_object_id=unit, permission_id=permission)
        for person, unit, permission in sorted(wanted)
    )


def _of_units() -> Q:
    return Q(content_type__app_label=Unit._meta.app_label, content_type__model=Unit._meta.model_name)


def _granting(person: Person, right: Right, now: datetime) -> "QuerySet[Post]":
    """Posts of `person` in force that give `right`, with the grant derived from them."""
    granted = UnitUserPermission.objects.filter(
        user=OuterRef("person"), content_object=OuterRef("unit"), permission__codename=right.value
    )
    return Post.objects.filter(Exists(granted), person=person, period__contains=now, duty__in=DUTIES_WITH_RIGHT[right])


def _heirs(code: str) -> set[str]:
    """The units that succeeded `code` or a unit above it, however many reforms ago."""
    found: set[str] = set()
    asked = {code, *ancestor_codes(code)}
    while asked:
        heirs = set(Succession.objects.filter(old__in=asked).values_list("new", flat=True)) - found
        found |= heirs
        asked = {above for heir in heirs for above in (heir, *ancestor_codes(heir))} - found | heirs
    return found
