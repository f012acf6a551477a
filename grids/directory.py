"""What the pages about units and people show: who may see which, rosters, figures below a unit, search."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from django.http import Http404

from grids import permissions
from grids.duties import Duty, Right
from grids.levels import UnitKind, ancestor_codes
from grids.models import Person, Post, Succession, Unit
from grids.subtrees import covers, within

# The posts a unit of each kind is expected to have filled, in the order of its page.
EXPECTED_DUTIES: dict[str, tuple[Duty, ...]] = {
    UnitKind.DISTRICT: (Duty.HEAD, Duty.DUTY_CHIEF, Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER),
    UnitKind.TOWN: (Duty.HEAD, Duty.DUTY_CHIEF, Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER),
    UnitKind.VILLAGE: (Duty.HEAD, Duty.CLERK),
    UnitKind.GRID: (Duty.OFFICER,),
    UnitKind.DEPARTMENT: (Duty.HEAD, Duty.HANDLER),
    UnitKind.OFFICE: (Duty.HEAD, Duty.HANDLER),
}
_DUTY_ORDER = [
    Duty.HEAD, Duty.DUTY_CHIEF, Duty.OFFICER, Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.HANDLER,
    Duty.ASSISTANT, Duty.SUPERVISOR, Duty.ADMINISTRATOR, Duty.OBSERVER, Duty.AUDITOR,
]  # fmt: skip
SEARCH_MOST = 50
_MOST_WORDS = 8


@dataclass(frozen=True)
class Door:
    """A unit as one person may see it."""

    unit: Unit
    prefixes: list[str]
    may_administer: bool

    @property
    def path(self) -> list[tuple[Unit, bool]]:
        """The units above, the widest first, each with whether the person may open it."""
        above = Unit.objects.in_bulk(ancestor_codes(self.unit.pk))
        return [
            (unit, covers(self.prefixes, code)) for code, unit in sorted(above.items(), key=lambda row: len(row[0]))
        ]


def door(person: Person, code: str, *, now: datetime) -> Door:
    """The unit for `person`, or Http404 alike for absent and out of sight."""
    prefixes = permissions.visible_prefixes(person, now=now)
    unit = Unit.objects.select_related("parent", "duty_contact").filter(pk=code).first()
    if unit is None or not covers(prefixes, unit.pk):
        raise Http404
    return Door(unit, prefixes, permissions.allows(person, Right.ADMINISTER, unit, now=now))


@dataclass
class DutyRow:
    """One duty of a unit and who holds it; `vacant` where the law of the platform wants somebody."""

    duty: Duty
    posts: list[Post]
    vacant: bool = False

    @property
    def label(self) -> str:
        return str(self.duty.label)


def roster(unit: Unit, at: datetime) -> list[DutyRow]:
    """The posts in force at the unit by duty, with the duties that wait for somebody.

    A grid without a primary officer is vacant, whatever other officers it has.
    """
    held: dict[Duty, list[Post]] = {}
    for post in (
        Post.objects.filter(unit=unit, period__contains=at).select_related("person").order_by("-is_primary", "id")
    ):
        held.setdefault(Duty(post.duty), []).append(post)
    expected = () if unit.is_retired else EXPECTED_DUTIES.get(unit.kind, ())
    rows = []
    for duty in _DUTY_ORDER:
        posts = held.get(duty, [])
        if posts or duty in expected:
            rows.append(DutyRow(duty, posts, vacant=_is_vacant(unit, duty, posts)))
    return rows


def _is_vacant(unit: Unit, duty: Duty, posts: list[Post]) -> bool:
    if not unit.is_grid or duty is not Duty.OFFICER or unit.is_retired:
        return False
    return not any(post.is_primary for post in posts)


def coming(unit: Unit, at: datetime) -> QuerySet[Post]:
    """The posts at the unit that begin after `at`."""
    return Post.objects.filter(unit=unit, period__startswith__gt=at).select_related("person").order_by("period")


def ended(unit: Unit, at: datetime) -> QuerySet[Post]:
    """The posts at the unit that ended by `at`, the last one first."""
    over = Post.objects.filter(unit=unit, period__isempty=False, period__endswith__lte=at)
    return over.select_related("person").order_by("-period__endswith", "-id")


@dataclass
class ChildRow:
    """A unit below with what counts there."""

    unit: Unit
    grids: int = 0
    officers: int = 0
    vacancies: int = 0
    people: int = 0
    heads: list[Person] = field(default_factory=list)

    @property
    def is_grid(self) -> bool:
        return self.unit.is_grid


def rows_of(units: Iterable[Unit], at: datetime) -> list[ChildRow]:
    """Figures and heads of `units`, which must be the children of one unit: four queries, however many they are."""
    rows = {unit.pk: ChildRow(unit) for unit in units}
    if not rows:
        return []
    # Children of one unit have codes of one length, departments of a district like its towns.
    length = max(len(code) for code in rows)
    here = within(rows)
    for child, grids, vacancies in _grid_counts(here, length, at):
        if child in rows:
            rows[child].grids, rows[child].vacancies = grids, vacancies
    in_force = Post.objects.filter(within(rows, "unit"), period__contains=at).annotate(child=Left("unit", length))
    officers = Count("person", distinct=True, filter=Q(duty=Duty.OFFICER))
    counted = in_force.values("child").annotate(officers=officers, people=Count("person", distinct=True)).order_by()
    for child, n_officers, n_people in counted.values_list("child", "officers", "people"):
        if child in rows:
            rows[child].officers, rows[child].people = n_officers, n_people
    leading = Q(duty=Duty.HEAD, unit__in=rows) | Q(duty=Duty.OFFICER, is_primary=True, unit__in=rows)
    for post in in_force.filter(leading).select_related("person").order_by("id"):
        rows[post.unit_id].heads.append(post.person)
    return list(rows.values())


def _grid_counts(here: Q, length: int, at: datetime) -> Iterable[tuple[str, int, int]]:
    served = Post.objects.filter(unit=OuterRef("pk"), is_primary=True, period__contains=at)
    grids = Unit.objects.filter(here, kind=UnitKind.GRID, retired_at__isnull=True)
    counted = grids.annotate(child=Left("code", length)).values("child").order_by()
    return counted.annotate(all=Count("pk"), vacant=Count("pk", filter=~Exists(served))).values_list(
        "child", "all", "vacant"
    )


@dataclass(frozen=True)
class Totals:
    """How many living units and people a subtree has."""

    villages: int
    grids: int
    vacancies: int
    officers: int
    people: int


def totals(code: str, at: datetime) -> Totals:
    """The figures of the whole subtree, in two queries."""
    served = Post.objects.filter(unit=OuterRef("pk"), is_primary=True, period__contains=at)
    grid = Q(kind=UnitKind.GRID)
    units = Unit.objects.filter(within([code]), retired_at__isnull=True).aggregate(
        villages=Count("pk", filter=Q(kind=UnitKind.VILLAGE)),
        grids=Count("pk", filter=grid),
        vacancies=Count("pk", filter=grid & Q(~Exists(served))),
    )
    people = Post.objects.filter(within([code], "unit"), period__contains=at).aggregate(
        officers=Count("person", distinct=True, filter=Q(duty=Duty.OFFICER)), people=Count("person", distinct=True)
    )
    return Totals(**units, **people)


def _words(text: str) -> list[str]:
    """What was typed, word by word, as far as the database can look for it."""
    return text.replace("\0", " ").split()[:_MOST_WORDS]


def search_units(prefixes: list[str], words: str, *, with_retired: bool = False) -> QuerySet[Unit]:
    """The units in sight whose name holds every word, or whose code begins with the text."""
    found = Unit.objects.filter(within(prefixes)).select_related("parent", "parent__parent")
    if not with_retired:
        found = found.filter(retired_at__isnull=True)
    asked = _words(words)
    named = Q()
    for word in asked:
        named &= Q(name__icontains=word) | Q(short_name__icontains=word) | Q(parent__name__icontains=word)
    return found.filter(named | Q(code__istartswith=" ".join(asked))) if asked else found.none()


def posts_below(code: str, words: str, duty: str, at: datetime) -> QuerySet[Post]:
    """The posts in force in the subtree, by unit; `words` look into names of people and units and into phones."""
    found = Post.objects.filter(within([code], "unit"), period__contains=at).select_related(
        "person", "unit", "unit__parent"
    )
    for word in _words(words):
        found = found.filter(
            Q(person__full_name__icontains=word) | Q(person__phone__startswith=word) | Q(unit__name__icontains=word)
        )
    return (found.filter(duty=duty) if duty else found).order_by("unit_id", "id")


def known_in(district: str) -> QuerySet[Person]:
    """The active people who serve or served a unit of the district."""
    served = Post.objects.filter(person=OuterRef("pk"), district=district)
    return Person.objects.filter(Exists(served), is_active=True)


@dataclass(frozen=True)
class Candidate:
    """Somebody who could take a post, with what they do already."""

    person: Person
    serving: list[Post]


def candidates(district: str, words: str, at: datetime, *, most: int = 8) -> list[Candidate]:
    """The people known in the district who fit `words`: a name, a user name or a phone."""
    word = " ".join(_words(words))
    if not word:
        return []
    named = Q(full_name__icontains=word) | Q(username__istartswith=word) | Q(phone=word)
    people = list(known_in(district).filter(named).order_by("full_name", "pk")[:most])
    serving: dict[int, list[Post]] = {}
    for post in Post.objects.filter(person__in=people, period__contains=at).select_related("unit").order_by("unit_id"):
        serving.setdefault(post.person_id, []).append(post)
    return [Candidate(person, serving.get(person.pk, [])) for person in people]


def person_for(viewer: Person, pk: int, *, now: datetime) -> Person:
    """Somebody who serves or served a unit in the viewer's sight, else Http404; everybody sees themselves."""
    person = Person.objects.filter(pk=pk).first()
    if person is None:
        raise Http404
    prefixes = permissions.visible_prefixes(viewer, now=now)
    if person.pk != viewer.pk and not Post.objects.filter(within(prefixes, "unit"), person=person).exists():
        raise Http404
    return person


def heirs_of(unit: Unit) -> list[Unit]:
    """The units that carry on the work of a retired one."""
    return [row.new for row in Succession.objects.filter(old=unit).select_related("new").order_by("new_id")]
