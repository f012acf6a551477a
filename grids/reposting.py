"""Who serves where after a redraw: the officer each area names, and those of a grid that ends follow its successor.

`foresee` says what would end and begin, `carry_out` does that and nothing else; so a preview shows what will happen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from grids import posts
from grids.duties import Duty
from grids.levels import district_of
from grids.models import DistrictProfile, Person, Post, Unit
from grids.posts import Appointment
from grids.refusals import BoundaryRefused
from grids.selectors import profile_for


@dataclass(frozen=True)
class Seat:
    """What a plan says of a grid's primary officer: who, or why on purpose nobody; `is_new` begins with the plan."""

    code: str
    officer: int | None
    vacant_reason: str
    is_new: bool


@dataclass
class Reposting:
    """Posts that end and begin with a redraw, and what stands against it."""

    ended: list[Post] = field(default_factory=list)
    begun: list[Appointment] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def people(self) -> set[int]:
        return {post.person_id for post in self.ended} | {order.person for order in self.begun}


def foresee(*, seats: Sequence[Seat], heirs: Mapping[str, str], retired: Collection[str], now: datetime) -> Reposting:
    """What the `seats` of a plan mean for the posts in force at `now`; `heirs` says who follows each grid that ends."""
    found = Reposting()
    standing = [*retired, *(seat.code for seat in seats if not seat.is_new)]
    serving: dict[str, list[Post]] = defaultdict(list)
    for post in Post.objects.filter(unit__in=standing, period__contains=now).order_by("unit_id", "id"):
        serving[post.unit_id].append(post)
    people = Person.objects.in_bulk([seat.officer for seat in seats if seat.officer])
    fill: list[Seat] = []
    for seat in seats:
        if _take_over(seat, serving[seat.code] if not seat.is_new else [], people, found):
            fill.append(seat)
    for code in retired:
        found.ended += serving[code]
    # Whoever leaves one grid for another goes on as before: seconded from where, and until when.
    left = {post.person_id: post for post in reversed(found.ended) if post.is_primary}
    ahead = _primaries_ahead([seat.code for seat in fill if not seat.is_new], now)
    for seat in fill:
        assert seat.officer is not None
        before = left.get(seat.officer)
        ends = [end for end in (before.period.upper if before else None, ahead.get(seat.code)) if end is not None]
        found.begun.append(
            Appointment(
                unit=seat.code,
                person=seat.officer,
                duty=Duty.OFFICER,
                is_primary=True,
                origin=before.origin if before else "",
                until=min(ends, default=None),
            )
        )
    _follow(found, serving, heirs, retired)
    return found


def _take_over(seat: Seat, here: list[Post], people: Mapping[int, Person], found: Reposting) -> bool:
    """End what does not go with the seat; whether somebody has to be appointed there."""
    primary = next((post for post in here if post.is_primary), None)
    if seat.officer is None:
        if not seat.vacant_reason and (seat.is_new or primary is not None):
            found.refusals.append(
                _("%(grid)s names no officer, nor why it is vacant on purpose.") % {"grid": seat.code}
            )
        elif primary is not None:
            found.ended.append(primary)
        return False
    if primary is not None and primary.person_id == seat.officer:
        return False
    officer = people.get(seat.officer)
    if officer is None or not officer.is_active:
        found.refusals.append(_no_account(officer.full_name if officer else seat.officer, seat.code))
        return False
    if any(post.person_id == seat.officer and post.duty == Duty.SUPERVISOR for post in here):
        words = {"grid": seat.code, "officer": officer.full_name}
        found.refusals.append(_("%(officer)s is supervisor of %(grid)s and cannot be its officer.") % words)
        return False
    found.ended += [post for post in here if post is primary or _is_officer(post, seat.officer)]
    return True


def _is_officer(post: Post, person: int) -> bool:
    return post.person_id == person and post.duty == Duty.OFFICER


def _primaries_ahead(codes: Collection[str], now: datetime) -> dict[str, datetime]:
    """When somebody else becomes primary officer of these grids, as was settled before."""
    rows = Post.objects.filter(unit__in=codes, is_primary=True, period__startswith__gt=now).order_by("-period")
    return {post.unit_id: post.period.lower for post in rows}


def _follow(
    found: Reposting, serving: Mapping[str, list[Post]], heirs: Mapping[str, str], retired: Collection[str]
) -> None:
    """Assistants, supervisors and further officers of a grid that ends go on at the grid that got most of it."""
    gone = {post.pk for post in found.ended}
    there = {
        (post.unit_id, post.person_id, post.duty)
        for here in serving.values()
        for post in here
        if post.pk not in gone
    }  # fmt: skip
    there |= {(order.unit, order.person, order.duty.value) for order in found.begun}
    profiles = {district: profile_for(district) for district in {district_of(code) for code in heirs.values()}}
    for code in retired:
        heir = heirs.get(code)
        for post in serving[code]:
            if heir is None or post.is_primary or not _has_room(profiles[district_of(heir)], heir, post, there):
                continue
            there.add((heir, post.person_id, post.duty))
            found.begun.append(
                Appointment(
                    unit=heir,
                    person=post.person_id,
                    duty=Duty(post.duty),
                    origin=post.origin,
                    until=post.period.upper,
                )
            )


def _has_room(profile: DistrictProfile, heir: str, post: Post, there: Collection[tuple[str, int, str]]) -> bool:
    """Whether the post fits at the successor: not held already, no officer who supervises, not more than allowed."""
    held = [(person, duty) for unit, person, duty in there if unit == heir]
    both = {Duty.OFFICER.value: Duty.SUPERVISOR.value, Duty.SUPERVISOR.value: Duty.OFFICER.value}
    if (post.person_id, post.duty) in held or (post.person_id, both.get(post.duty)) in held:
        return False
    most = {Duty.OFFICER.value: profile.officers_per_grid, Duty.SUPERVISOR.value: profile.supervisors_per_grid}
    limit = most.get(post.duty)
    return limit is None or sum(duty == post.duty for _person, duty in held) < limit


def carry_out(reposting: Reposting, *, at: datetime) -> list[int]:
    """End and begin what was foreseen, all at `at`; the ids of the posts that began. Raises PostRefused."""
    ended = [post.pk for post in reposting.ended]
    with connection.cursor() as cursor:
        cursor.execute(
            "update grids_post set period = case when lower(period) < %(at)s then tstzrange(lower(period), %(at)s)"
            " else 'empty' end where id = any(%(ended)s)",
            {"at": at, "ended": ended},
        )
    last = Post.objects.aggregate(last=Max("pk"))["last"] or 0
    begun = posts.appoint_all(appointments=reposting.begun, since=at, now=at)
    posts.regrant_people(people=reposting.people, now=at)
    _refuse_closed(reposting)
    _name_contacts([order.unit for order in reposting.begun if order.is_primary], at)
    units = {order.unit for order in reposting.begun}
    new = Post.objects.filter(unit__in=units, pk__gt=last, period__startswith=at)
    ids = list(new.order_by("pk").values_list("pk", flat=True))
    assert len(ids) == begun, "a post begins once"
    return ids


def _refuse_closed(reposting: Reposting) -> None:
    """Refuse a plan whose officer's account was closed while it was being published. The people are locked."""
    closed = Person.objects.filter(pk__in={order.person for order in reposting.begun}, is_active=False)
    names = {person.pk: person.full_name for person in closed}
    found = [_no_account(names[order.person], order.unit) for order in reposting.begun if order.person in names]
    if found:
        raise BoundaryRefused(found, code="plan_not_ready")


def _no_account(officer: str | int, grid: str) -> str:
    return _("%(officer)s, named for %(grid)s, has no open account.") % {"grid": grid, "officer": officer}


def _name_contacts(codes: Collection[str], at: datetime) -> None:
    """The new primary officer is the one to call, unless an officer of the grid is named."""
    serving = Post.objects.filter(unit=OuterRef("pk"), duty=Duty.OFFICER, period__contains=at)
    named = serving.filter(person=OuterRef("duty_contact"))
    primary = serving.filter(is_primary=True).values("person")[:1]
    Unit.objects.filter(~Exists(named), pk__in=codes).update(duty_contact=Subquery(primary))


def begun_again(begun: Collection[int], since: Collection[int]) -> list[int]:
    """The posts `begun` by a redraw, with those of the same people in the same duties among `since`.

    Another redraw ended them, and began them anew when it was taken back itself.
    """
    held = set(Post.objects.filter(pk__in=begun).values_list("unit", "person", "duty", "is_primary"))
    anew = Post.objects.filter(pk__in=since).values_list("pk", "unit", "person", "duty", "is_primary")
    return [*begun, *(pk for pk, *what in anew if tuple(what) in held and pk not in begun)]


def foresee_return(*, ended: Iterable[tuple[int, datetime | None]], begun: Collection[int], now: datetime) -> Reposting:
    """What puts posts back as before a redraw that ended `ended` (with when they were to end) and began `begun`.

    What somebody settled since stays: a post of the redraw that is over, a grid that has another primary officer.
    """
    found = Reposting(ended=list(Post.objects.filter(pk__in=begun, period__contains=now).order_by("pk")))
    going = {post.pk for post in found.ended}
    before = dict(ended)
    old = list(Post.objects.filter(pk__in=before).select_related("person").order_by("pk"))
    units = {post.unit_id for post in old}
    standing = Post.objects.filter(Q(period__contains=now) | Q(period__startswith__gt=now), unit__in=units)
    here = [post for post in standing if post.pk not in going]
    primaries = {post.unit_id for post in here if post.is_primary}
    held = {(post.unit_id, post.person_id, post.duty) for post in here}
    for post in old:
        until = before[post.pk]
        is_over = until is not None and until <= now
        if is_over or not post.person.is_active or (post.unit_id, post.person_id, post.duty) in held:
            continue
        if post.is_primary and post.unit_id in primaries:
            continue
        found.begun.append(
            Appointment(
                unit=post.unit_id,
                person=post.person_id,
                duty=Duty(post.duty),
                is_primary=post.is_primary,
                origin=post.origin,
                until=until,
            )
        )
    return found
