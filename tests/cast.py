"""One small cast of places and people for every test: import `Cast`, or take the fixture `cast`.

District 511111 with two towns. In the first two villages with two grids each, in the second one village with
one grid: five squares of 0.01 degrees in a row from west to east, so that all borders but the outer are shared.

    511111                 district
      511111100            town         511111100001  village  ..001 grid, ..002 second_grid
                                        511111100002  sibling_village  ..001 third_grid, ..002 fourth_grid
      511111101            other_town   511111101001  other_village    ..001 other_grid
      511111D01, 511111D02 department, other_department
      511111100D01         office
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.gis.geos import Point

from grids import posts
from grids.duties import Duty
from grids.levels import GridKind, kind_of_code, parent_code
from grids.models import Person, Unit
from grids.posts import Appointment
from tests.tiling import publish_squares

SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE = datetime(2026, 1, 1, tzinfo=SHANGHAI)
# A Wednesday in working hours.
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=SHANGHAI)
PASSWORD = "correct horse battery"

WEST, SOUTH, SIDE = 103.55, 29.41, 0.01

UNITS = {
    "511111": ("district", "沙湾区"),
    "511111100": ("town", "沙湾镇"),
    "511111101": ("other_town", "嘉农镇"),
    "511111100001": ("village", "南陵社区"),
    "511111100002": ("sibling_village", "绥山村"),
    "511111101001": ("other_village", "农场村"),
    "511111100001001": ("grid", "南陵社区一网格"),
    "511111100001002": ("second_grid", "南陵社区二网格"),
    "511111100002001": ("third_grid", "绥山村一网格"),
    "511111100002002": ("fourth_grid", "绥山村二网格"),
    "511111101001001": ("other_grid", "农场村一网格"),
    "511111D01": ("department", "应急管理局"),
    "511111D02": ("other_department", "城市管理行政执法局"),
    "511111100D01": ("office", "沙湾镇综合行政执法办公室"),
}

GRIDS = [code for code in UNITS if len(code) == 15]

# attribute and user name, full name, unit, duties
PEOPLE: list[tuple[str, str, str, tuple[Duty, ...]]] = [
    ("officer", "甲一", "511111100001001", (Duty.OFFICER,)),
    ("second_officer", "甲二", "511111100001002", (Duty.OFFICER,)),
    ("third_officer", "甲三", "511111100002001", (Duty.OFFICER,)),
    ("fourth_officer", "甲四", "511111100002002", (Duty.OFFICER,)),
    ("other_officer", "甲五", "511111101001001", (Duty.OFFICER,)),
    ("assistant", "甲六", "511111100001001", (Duty.ASSISTANT,)),
    ("supervisor", "甲七", "511111100001001", (Duty.SUPERVISOR,)),
    ("village_clerk", "乙一", "511111100001", (Duty.CLERK,)),
    ("village_checker", "乙二", "511111100001", (Duty.CHECKER,)),
    ("village_head", "乙三", "511111100001", (Duty.HEAD,)),
    ("sibling_clerk", "乙四", "511111100002", (Duty.CLERK,)),
    ("other_village_clerk", "乙五", "511111101001", (Duty.CLERK,)),
    ("town_clerk", "丙一", "511111100", (Duty.CLERK,)),
    ("town_dispatcher", "丙二", "511111100", (Duty.DISPATCHER,)),
    ("town_checker", "丙三", "511111100", (Duty.CHECKER,)),
    ("town_duty_chief", "丙四", "511111100", (Duty.DUTY_CHIEF,)),
    ("town_head", "丙五", "511111100", (Duty.HEAD,)),
    ("other_town_clerk", "丙六", "511111101", (Duty.CLERK,)),
    ("other_town_checker", "丙七", "511111101", (Duty.CHECKER,)),
    ("district_clerk", "丁一", "511111", (Duty.CLERK,)),
    ("district_dispatcher", "丁二", "511111", (Duty.DISPATCHER,)),
    ("district_checker", "丁三", "511111", (Duty.CHECKER,)),
    ("other_district_checker", "丁四", "511111", (Duty.CHECKER,)),
    ("district_duty_chief", "丁五", "511111", (Duty.DUTY_CHIEF,)),
    ("district_head", "丁六", "511111", (Duty.HEAD,)),
    ("observer", "丁七", "511111", (Duty.OBSERVER,)),
    ("auditor", "丁八", "511111", (Duty.AUDITOR,)),
    ("administrator", "丁九", "511111", (Duty.ADMINISTRATOR,)),
    ("handler", "戊一", "511111D01", (Duty.HANDLER,)),
    ("department_head", "戊二", "511111D01", (Duty.HEAD,)),
    ("other_handler", "戊三", "511111D02", (Duty.HANDLER,)),
    ("other_department_head", "戊四", "511111D02", (Duty.HEAD,)),
    ("office_handler", "戊五", "511111100D01", (Duty.HANDLER,)),
    ("stranger", "己一", "", ()),
]


@dataclass
class Cast:
    """Everybody and every place by name. `now` is a working moment, posts run since `since`."""

    now: datetime
    since: datetime

    district: Unit
    town: Unit
    other_town: Unit
    village: Unit
    sibling_village: Unit
    other_village: Unit
    grid: Unit
    second_grid: Unit
    third_grid: Unit
    fourth_grid: Unit
    other_grid: Unit
    department: Unit
    other_department: Unit
    office: Unit

    officer: Person
    second_officer: Person
    third_officer: Person
    fourth_officer: Person
    other_officer: Person
    assistant: Person
    supervisor: Person
    village_clerk: Person
    village_checker: Person
    village_head: Person
    sibling_clerk: Person
    other_village_clerk: Person
    town_clerk: Person
    town_dispatcher: Person
    town_checker: Person
    town_duty_chief: Person
    town_head: Person
    other_town_clerk: Person
    other_town_checker: Person
    district_clerk: Person
    district_dispatcher: Person
    district_checker: Person
    other_district_checker: Person
    district_duty_chief: Person
    district_head: Person
    observer: Person
    auditor: Person
    administrator: Person
    handler: Person
    department_head: Person
    other_handler: Person
    other_department_head: Person
    office_handler: Person
    stranger: Person

    password: str = PASSWORD

    @classmethod
    def make(cls) -> "Cast":
        """Write the cast to the database, in a few statements."""
        units = {
            code: Unit(
                code=code,
                kind=kind_of_code(code),
                name=name,
                parent_id=parent_code(code) if code != "511111" else None,
                grid_kind=GridKind.COMPREHENSIVE if len(code) == 15 else "",
                created_at=SINCE,
            )
            for code, (_attribute, name) in UNITS.items()
        }
        Unit.objects.bulk_create(units.values())
        password = make_password(PASSWORD)
        people = {
            username: Person(username=username, full_name=full_name, password=password)
            for username, full_name, _unit, _duties in PEOPLE
        }
        Person.objects.bulk_create(people.values())
        posts.appoint_all(
            appointments=[
                Appointment(unit=unit, person=people[username].pk, duty=duty, is_primary=duty is Duty.OFFICER)
                for username, _name, unit, duties in PEOPLE
                for duty in duties
            ],
            since=SINCE,
            now=NOW,
        )
        publish_squares(units["511111"], GRIDS, west=WEST, south=SOUTH, side=SIDE, at=SINCE)
        named = {attribute: units[code] for code, (attribute, _name) in UNITS.items()}
        return cls(now=NOW, since=SINCE, **named, **people)

    @classmethod
    def known(cls) -> "Cast":
        """The cast that already stands in the database."""
        units, people = Unit.objects.in_bulk(), Person.objects.in_bulk(field_name="username")
        named = {attribute: units[code] for code, (attribute, _name) in UNITS.items()}
        return cls(now=NOW, since=SINCE, **named, **{person[0]: people[person[0]] for person in PEOPLE})

    def point(self, grid: Unit) -> Point:
        """The middle of a grid's square."""
        return Point(WEST + SIDE * (GRIDS.index(grid.pk) + 0.5), SOUTH + SIDE / 2, srid=4490)

    def border_point(self) -> Point:
        """A point on the border that `grid` and `second_grid` share."""
        return Point(WEST + SIDE, SOUTH + SIDE / 2, srid=4490)


@pytest.fixture
def cast(db: None) -> Cast:
    """The cast; this test's database holds it (tests.grounds)."""
    return Cast.known()
