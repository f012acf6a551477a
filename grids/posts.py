"""A person takes or leaves a post; rights follow in the same transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from grids import permissions, wire
from grids.duties import Duty, Right
from grids.levels import district_of
from grids.models import Person, Post, Unit
from grids.refusals import PostRefused, constraints_as
from grids.selectors import hold, profile_for


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """One post to be filled, for `appoint_all`."""

    unit: str
    person: int
    duty: Duty
    is_primary: bool = False
    origin: str = ""
    until: datetime | None = None


@transaction.atomic
def appoint(
    *,
    unit: Unit,
    person: Person,
    duty: Duty,
    since: datetime,
    until: datetime | None = None,
    is_primary: bool = False,
    origin: str = "",
    actor: Person | None = None,
    now: datetime | None = None,
) -> Post:
    """The new post, in force from `since` until just before `until`; rights are derived as of `now` or `since`.

    Raises PostRefused where the profile, the unit's kind or another post stands against it, and
    PermissionDenied if an `actor` is named who may not administer the unit.
    """
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, unit, now=now or since)
    if until is not None and until <= since:
        raise PostRefused(_("A post ends after it begins."), code="post_ends_before_start")
    if not person.is_active:
        raise PostRefused(_("This account is closed."), code="post_person_inactive")
    hold(unit.pk)
    # One appointment per unit at a time, so that counting posts means something.
    unit = Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    if unit.is_retired:
        raise PostRefused(_("This unit was retired."), code="post_unit_retired")
    post = Post(unit=unit, person=person, duty=duty, is_primary=is_primary, origin=origin)
    post.period = DateTimeTZRange(since, until)
    _refuse_surplus(post)
    with constraints_as(PostRefused, Post):
        post.save(force_insert=True)
    regrant(person=person, now=now or since)
    moment = now or since
    if since <= moment and (until is None or until > moment):
        _name_contact(post)
    return post


def _name_contact(post: Post) -> None:
    """Whoever answers for a unit from now on is the one to call, unless an officer or anybody of a body is named."""
    unit = Unit.objects.filter(pk=post.unit_id)
    if post.is_primary:
        officers = Post.objects.filter(
            unit=post.unit_id, duty=Duty.OFFICER, period__contains=post.period.lower, person=OuterRef("duty_contact")
        )
        unit.filter(~Exists(officers)).update(duty_contact=post.person_id)
    elif post.duty in _ANSWERING:
        unit.filter(duty_contact__isnull=True).update(duty_contact=post.person_id)


# Whoever takes one of these where nobody is named yet is the one to call.
_ANSWERING = frozenset({Duty.CLERK, Duty.HANDLER})


@transaction.atomic
def appoint_all(*, appointments: Iterable[Appointment], since: datetime, now: datetime) -> int:
    """How many posts were filled at once, for an import or a redraw; all or none.

    The database's constraints and the profile's numbers hold as for one. Raises PostRefused.
    """
    posts = [
        Post(
            unit_id=order.unit,
            person_id=order.person,
            duty=order.duty,
            is_primary=order.is_primary,
            origin=order.origin,
            period=DateTimeTZRange(since, order.until),
        )
        for order in appointments
    ]
    units = sorted({post.unit_id for post in posts})
    if units:
        hold(*units)
    locked = Unit.objects.select_for_update(no_key=True).filter(pk__in=units).order_by("pk")
    retired = [unit.pk for unit in locked if unit.is_retired]
    if retired:
        raise PostRefused(
            _("These units were retired: %(codes)s.") % {"codes": ", ".join(retired)}, code="post_unit_retired"
        )
    with constraints_as(PostRefused, Post):
        Post.objects.bulk_create(posts, batch_size=2000)
    _refuse_surplus_anywhere(units, since)
    regrant_people(people={post.person_id for post in posts}, now=now)
    return len(posts)


@transaction.atomic
def relieve(*, post: Post, at: datetime, actor: Person | None = None, now: datetime | None = None) -> Post:
    """The post ended at `at`; one that had not begun by then never was in force. Ended posts stay as they are."""
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, post.unit_id, now=now or at)
    hold(post.unit_id)
    post = Post.objects.select_for_update(of=("self",)).select_related("person").get(pk=post.pk)
    period = post.period
    if period.isempty or (period.upper is not None and period.upper <= at):
        return post
    post.period = DateTimeTZRange(period.lower, at) if period.lower < at else DateTimeTZRange(empty=True)
    post.save(update_fields=["period"])
    regrant(person=post.person, now=now or at)
    return post


@transaction.atomic
def transfer(*, post: Post, unit: Unit, at: datetime, actor: Person | None = None, now: datetime | None = None) -> Post:
    """The same person's post in the same duty at another unit from `at` on; the old one ends at that moment."""
    return exchange(changes=[Change(post, unit)], at=at, actor=actor, now=now)[0]


@dataclass(frozen=True)
class Change:
    """A post that goes on at another unit, or with no `unit` just ends."""

    post: Post
    unit: Unit | None = None


@transaction.atomic
def exchange(
    *, changes: Sequence[Change], at: datetime, actor: Person | None = None, now: datetime | None = None
) -> list[Post]:
    """Every post of `changes` ends at `at`, and each goes on at its new unit from that moment; returns the new ones.

    All or nothing, so that two officers change places and no grid has two or none between. Raises PostRefused as
    `appoint` does and for a post that is over by then; PermissionDenied unless `actor` may administer both units.
    """
    known = {post.pk: post for post in _locked([change.post.pk for change in changes], changes)}
    old = [known[change.post.pk] for change in changes]
    until = [post.period.upper for post in old]
    if any(post.period.isempty or (end is not None and end <= at) for post, end in zip(old, until, strict=True)):
        raise PostRefused(_("One of these posts is over by then."), code="post_over")
    if any(post.period.lower >= at for post in old):
        raise PostRefused(_("One of these posts has not begun by then."), code="post_not_begun")
    for post in old:
        relieve(post=post, at=at, actor=actor, now=now)
    return [
        appoint(
            unit=change.unit, person=post.person, duty=Duty(post.duty), since=at, until=end,
            is_primary=post.is_primary, origin=post.origin, actor=actor, now=now,
        )
        for change, post, end in zip(changes, old, until, strict=True)
        if change.unit is not None
    ]  # fmt: skip


def _locked(posts: Collection[int], changes: Sequence[Change]) -> list[Post]:
    """The posts, with every unit and person concerned locked in one order, so that two exchanges wait in turn."""
    hold(*(change.post.unit_id for change in changes), *(change.unit.pk for change in changes if change.unit))
    rows = list(Post.objects.filter(pk__in=posts).select_related("person"))
    units = {row.unit_id for row in rows} | {change.unit.pk for change in changes if change.unit is not None}
    list(Unit.objects.select_for_update(no_key=True).filter(pk__in=units).order_by("pk"))
    people = {row.person_id for row in rows}
    list(Person.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk"))
    return list(
        Post.objects.select_for_update(of=("self",)).select_related("person").filter(pk__in=posts).order_by("pk")
    )


def follow(*, post: Post, unit: Unit, at: datetime) -> Post | None:
    """The holder of a post just ended goes on at the successor of its unit; None if they serve there so already.

    Whoever is primary there stays it.
    """
    standing = Post.objects.filter(unit=unit, period__contains=at)
    if standing.filter(person=post.person_id, duty=post.duty).exists():
        return None
    is_primary = post.is_primary and not standing.filter(is_primary=True).exists()
    return appoint(
        unit=unit, person=post.person, duty=Duty(post.duty), since=at, until=post.period.upper,
        is_primary=is_primary, origin=post.origin, now=at,
    )  # fmt: skip


def regrant(*, person: Person, now: datetime) -> None:
    """Derive the rights of `person` anew from the posts in force at `now`."""
    regrant_people(people=[person.pk], now=now)


@transaction.atomic
def regrant_people(*, people: Collection[int], now: datetime) -> None:
    """Derive the rights of these people anew and note the moment at which that is due again."""
    locked = list(Person.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk"))
    permissions.write_grants(people=[person.pk for person in locked], now=now)
    edges: dict[int, datetime] = {}
    ahead = Post.objects.filter(person__in=[person.pk for person in locked]).filter(
        Q(period__startswith__gt=now) | Q(period__endswith__gt=now)
    )
    for pk, period in ahead.values_list("person", "period"):
        for edge in (period.lower, period.upper):
            if edge is not None and edge > now:
                edges[pk] = min(edge, edges.get(pk, edge))
    _release_contacts([person.pk for person in locked], now)
    changed = [person for person in locked if person.rights_due_at != edges.get(person.pk)]
    for person in changed:
        person.rights_due_at = edges.get(person.pk)
    Person.objects.bulk_update(changed, ["rights_due_at"], batch_size=2000)
    wire.people_changed([person.pk for person in locked])


def _release_contacts(people: Collection[int], now: datetime) -> None:
    """Where one of `people` is the duty contact and serves no longer, somebody who does takes over, or nobody."""
    serving = Post.objects.filter(unit=OuterRef("pk"), person=OuterRef("duty_contact"), period__contains=now)
    for unit in Unit.objects.filter(~Exists(serving), duty_contact__in=people).order_by("pk"):
        others = Post.objects.filter(unit=unit, period__contains=now, person__is_active=True)
        unit.duty_contact_id = others.order_by("-is_primary", "id").values_list("person", flat=True).first()
        unit.save(update_fields=["duty_contact"])


@transaction.atomic
def regrant_due(now: datetime, *, limit: int = 500) -> int:
    """How many people whose post began or ended by `now` had their rights derived anew; a sweep calls this.

    Any number may run at once: each takes people no other has taken. It waits for nobody: whoever is named at a unit
    that somebody else is writing to comes with the next call.
    """
    due = Person.objects.select_for_update(skip_locked=True, no_key=True).filter(rights_due_at__lte=now)
    people = set(due.order_by("rights_due_at").values_list("pk", flat=True)[:limit])
    if not people:
        return 0
    named = Unit.objects.filter(duty_contact__in=people)
    free = set(named.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    people -= set(named.exclude(pk__in=free).values_list("duty_contact", flat=True))
    regrant_people(people=people, now=now)
    return len(people)


def _most(profile_field: str, unit: str) -> int | None:
    most: int | None = getattr(profile_for(district_of(unit)), profile_field)
    return most


_LIMITED: dict[str, str] = {
    Duty.OFFICER.value: "officers_per_grid",
    Duty.SUPERVISOR.value: "supervisors_per_grid",
}


def _refuse_surplus(post: Post) -> None:
    """Refuse an officer or supervisor beyond the number the district's profile allows per grid."""
    if post.duty not in _LIMITED:
        return
    most = _most(_LIMITED[post.duty], post.unit_id)
    if most is None:
        return
    others = list(
        Post.objects.filter(unit=post.unit_id, duty=post.duty, period__overlap=post.period).values_list(
            "period", flat=True
        )
    )
    begin = post.period.lower
    for moment in [begin, *(other.lower for other in others if other.lower > begin)]:
        together = sum(other.lower <= moment and (other.upper is None or moment < other.upper) for other in others)
        if together + 1 > most:
            raise _surplus(post.duty, most)


def _refuse_surplus_anywhere(units: list[str], at: datetime) -> None:
    """The same for many units, counting the posts in force at `at`."""
    counts: dict[tuple[str, str], int] = {}
    in_force = Post.objects.filter(unit__in=units, duty__in=_LIMITED, period__contains=at)
    for unit, duty in in_force.values_list("unit", "duty"):
        counts[unit, duty] = counts.get((unit, duty), 0) + 1
    allowed: dict[tuple[str, str], int | None] = {}
    for (unit, duty), count in counts.items():
        key = district_of(unit), duty
        if key not in allowed:
            allowed[key] = _most(_LIMITED[duty], unit)
        most = allowed[key]
        if most is not None and count > most:
            raise _surplus(duty, most)


def _surplus(duty: str, most: int) -> PostRefused:
    words = {"duty": Duty(duty).label, "most": most}
    return PostRefused(
        _("A grid of this district has at most %(most)d in the duty %(duty)s.") % words, code="post_surplus"
    )
