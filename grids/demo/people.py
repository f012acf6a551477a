"""The people of the demo district: a storybook name, a phone that cannot exist, and the posts of every unit."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.contrib.auth.hashers import make_password

from grids import hierarchy, posts
from grids.demo import logins
from grids.demo.places import DISTRICT
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Person, Post, Unit
from grids.posts import Appointment
from grids.subtrees import within

SEED = 20250101
# Given names of two characters each, plants, weather and verse; every combination is drawn at most once.
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛范彭郎"
GIVEN = (
    "青竹若兰晚枫知秋听雨望舒星河云舟松鹤清和沐阳远山鹿鸣南枝书岚映雪长风采薇砚秋临溪"
    "半夏白露朝歌归晚怀瑾锦瑟凌波墨白念慈浅草如初疏影棠溪惜墨霁月小满雁回叶舟迎晖云起"
)

# The handful of accounts to remember: user name -> (unit, the duties its holder has there).
MEMORABLE: dict[str, tuple[str, tuple[Duty, ...]]] = {
    "officer": ("511111100001001", (Duty.OFFICER,)),
    "supervisor": ("511111100001001", (Duty.SUPERVISOR,)),
    "village": ("511111100001", (Duty.CLERK,)),
    "town": ("511111100", (Duty.CLERK, Duty.DISPATCHER)),
    "towncheck": ("511111100", (Duty.CHECKER,)),
    "district": ("511111", (Duty.CLERK, Duty.DISPATCHER)),
    "checker": ("511111", (Duty.CHECKER,)),
    "chief": ("511111", (Duty.DUTY_CHIEF,)),
    "department": ("511111D03", (Duty.HANDLER,)),
    "head": ("511111", (Duty.HEAD,)),
    "leader": ("511111", (Duty.OBSERVER,)),
    "auditor": ("511111", (Duty.AUDITOR,)),
    "admin": ("511111", (Duty.ADMINISTRATOR,)),
}


@dataclass(frozen=True)
class _Seat:
    """One person to be seated: user name, and the posts as (unit, duty)."""

    username: str
    posts: tuple[tuple[str, Duty], ...]


def load(*, since: datetime, now: datetime, logins_file: Path) -> str:
    """Create the accounts and posts that are missing, and the file with the password."""
    seats = _renamed(list(_seats()))
    known = {person.username: person for person in Person.objects.filter(is_demo=True)}
    password = logins.read(logins_file) if known else None
    changed = password is None
    password = password or logins.fresh()
    if changed or len(known) < len(seats):
        # One hash for all: a thousand slow ones would take minutes, and the password is the same anyway.
        hashed = make_password(password)
        if changed and known:
            Person.objects.filter(is_demo=True).update(password=hashed)
        known |= _accounts([seat for seat in seats if seat.username not in known], hashed, len(known))
    filled = _fill(seats, known, since, now)
    logins.write(logins_file, password, _remembered(known))
    return f"people: {len(seats)} accounts, {filled} posts filled"


def _accounts(seats: list[_Seat], hashed: str, taken: int) -> dict[str, Person]:
    people = [
        Person(username=seat.username, full_name=name, phone=f"199-0000-{number:04d}", password=hashed, is_demo=True)
        for number, (seat, name) in enumerate(zip(seats, _names(len(seats), taken), strict=True), start=taken + 1)
    ]
    for person in people:
        person.is_staff = person.username == "admin"
    Person.objects.bulk_create(people)
    return {person.username: person for person in people}


def _names(count: int, taken: int) -> list[str]:
    names = [surname + GIVEN[at : at + 2] for surname in SURNAMES for at in range(0, len(GIVEN), 2)]
    random.Random(SEED).shuffle(names)
    return names[taken : taken + count]


def _fill(seats: list[_Seat], people: dict[str, Person], since: datetime, now: datetime) -> int:
    """Fill the posts nobody of the demo ever held, and name every unit's duty contact."""
    held = set(Post.objects.filter(person__in=people.values()).values_list("unit", "person", "duty"))
    wanted = [(unit, people[seat.username], duty) for seat in seats for unit, duty in seat.posts]
    missing = [(unit, person, duty) for unit, person, duty in wanted if (unit, person.pk, duty.value) not in held]
    if not missing:
        return 0
    posts.appoint_all(
        appointments=[
            Appointment(unit=unit, person=person.pk, duty=duty, is_primary=duty is Duty.OFFICER)
            for unit, person, duty in missing
        ],
        since=since,
        now=now,
    )
    contacts = {unit: person for unit, person, duty in missing if duty in (Duty.OFFICER, Duty.CLERK, Duty.HANDLER)}
    hierarchy.set_duty_contacts(contacts=contacts)
    return len(missing)


def _seats() -> Iterator[_Seat]:
    """Everybody, in the order of the tree: the district's centre first, the officers last."""
    units = Unit.objects.filter(within([DISTRICT]), retired_at__isnull=True).order_by("pk")
    by_kind: dict[str, list[str]] = {}
    for code, kind in units.values_list("pk", "kind"):
        by_kind.setdefault(kind, []).append(code)
    yield from _centre(DISTRICT, "d", doubled=(Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF))
    for duty in (Duty.OBSERVER, Duty.AUDITOR, Duty.ADMINISTRATOR):
        yield _Seat(f"d-{duty.value}", ((DISTRICT, duty),))
    for code in itertools.chain(by_kind[UnitKind.DEPARTMENT], by_kind[UnitKind.OFFICE]):
        for name, duty in (("1", Duty.HANDLER), ("2", Duty.HANDLER), ("head", Duty.HEAD)):
            yield _Seat(f"{_short(code)}-{name}", ((code, duty),))
    for code in by_kind[UnitKind.TOWN]:
        yield from _centre(code, f"t{_short(code)}")
    for code in by_kind[UnitKind.VILLAGE]:
        yield _Seat(f"v{_short(code)}-clerk", ((code, Duty.CLERK),))
        yield _Seat(f"v{_short(code)}-head", ((code, Duty.HEAD), (code, Duty.CHECKER), (code, Duty.DUTY_CHIEF)))
        own = [grid for grid in by_kind[UnitKind.GRID] if grid.startswith(code)]
        yield _Seat(f"s{_short(code)}", tuple((grid, Duty.SUPERVISOR) for grid in own))
    for number, code in enumerate(by_kind[UnitKind.GRID]):
        yield _Seat(f"g{_short(code)}", ((code, Duty.OFFICER),))
        if number % 3 == 0:
            yield _Seat(f"a{_short(code)}", ((code, Duty.ASSISTANT),))


def _centre(code: str, prefix: str, doubled: tuple[Duty, ...] = ()) -> Iterator[_Seat]:
    """One person per duty of a centre, a second one for the doubled."""
    for duty in (Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF, Duty.HEAD):
        yield _Seat(f"{prefix}-{duty.value}", ((code, duty),))
        if duty in doubled:
            yield _Seat(f"{prefix}-{duty.value}2", ((code, duty),))


def _short(code: str) -> str:
    return code.removeprefix(DISTRICT)


def _renamed(seats: list[_Seat]) -> list[_Seat]:
    """The same seats, the first fitting one under each name to remember, with its further duties added."""
    named: dict[str, str] = {}
    for username, (unit, duties) in MEMORABLE.items():
        seat = next(seat for seat in seats if seat.username not in named and (unit, duties[0]) in seat.posts)
        named[seat.username] = username
    found = []
    for seat in seats:
        username = named.get(seat.username, seat.username)
        unit, duties = MEMORABLE.get(username, ("", ()))
        further = tuple((unit, duty) for duty in duties if (unit, duty) not in seat.posts)
        found.append(_Seat(username, seat.posts + further))
    return found


def _remembered(people: dict[str, Person]) -> Iterator[tuple[str, str]]:
    names = dict(Unit.objects.filter(pk__in=[unit for unit, _duties in MEMORABLE.values()]).values_list("pk", "name"))
    for username, (unit, duties) in MEMORABLE.items():
        labels = "、".join(str(duty.label) for duty in duties)
        yield username, f"{people[username].full_name}  {names[unit]} {labels}"
