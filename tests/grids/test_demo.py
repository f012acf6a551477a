"""The demo district is loaded whole, twice without a difference, and only where demos are meant to be."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from grids import demo, lattice, permissions, plans, posts, proof, selectors
from grids.demo import logins
from grids.duties import Duty, Right
from grids.levels import UnitKind
from grids.models import Boundary, Dwelling, LineKind, Person, Plan, Post, ReferenceLine, Unit, UnitUserPermission
from grids.refusals import PostRefused
from tests.cast import NOW
from tests.grounds import Ground, Grounds

DESKS = (UnitKind.DISTRICT, UnitKind.TOWN, UnitKind.VILLAGE)


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: Grounds, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The demo loaded once for this module, in a transaction that is rolled back."""
    file = tmp_path_factory.mktemp("demo") / "logins.txt"
    with django_db_blocker.unblock():
        # A module's fixture comes before the test of before has given way to the next ground.
        django_db_setup.stand_on(Ground.EMPTY)
        with transaction.atomic():
            demo.load(now=NOW, logins=file)
            yield file
            transaction.set_rollback(True)


@pytest.fixture
def district(loaded: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Path]:
    """The loaded demo, whatever this test changes rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield loaded
        transaction.set_rollback(True)


def test_sw_4_148_villages_204_grids_204_distinct_primary_officers(district: Path) -> None:
    assert Unit.objects.filter(kind=UnitKind.VILLAGE).count() == 148
    assert sum("社区" in name for name in Unit.objects.filter(kind="village").values_list("name", flat=True)) == 21
    assert Unit.objects.filter(kind=UnitKind.TOWN).count() == 14
    assert Unit.objects.filter(kind=UnitKind.GRID).count() == 204
    primary = Post.objects.filter(is_primary=True, period__contains=NOW)
    assert primary.count() == 204
    assert primary.values("person").distinct().count() == 204
    assert not selectors.vacancies([demo.DISTRICT], NOW).exists()


def test_sw_4_no_grid_of_the_district_takes_a_second_primary(district: Path) -> None:
    post = Post.objects.filter(is_primary=True).select_related("unit").first()
    assert post is not None
    other = Person.objects.get(username="leader")
    with pytest.raises(PostRefused):
        posts.appoint(unit=post.unit, person=other, duty=Duty.OFFICER, since=NOW, is_primary=True)
    posts.relieve(post=post, at=NOW)
    assert list(selectors.vacancies([demo.DISTRICT], NOW)) == [post.unit]


def test_the_borders_tile_the_district_and_say_that_they_are_made_up(district: Path) -> None:
    plan = Plan.objects.get()
    assert plan.is_synthetic
    assert "合成" in plan.title
    outline = plans.outline_of(demo.DISTRICT, NOW)
    assert outline is not None
    assert proof.prove(plans.shapes_of(plan), outline).holds
    assert 590e6 < lattice.square_metres(outline) < 625e6
    counts = {kind: Boundary.objects.filter(kind=kind, valid__contains=NOW).count() for kind in UnitKind}
    assert counts[UnitKind.GRID], counts[UnitKind.VILLAGE] == (204, 148)
    assert (counts[UnitKind.TOWN], counts[UnitKind.DISTRICT]) == (14, 1)
    assert plan.certificate["in_several_parts"] == []


def test_every_place_is_in_one_piece(district: Path) -> None:
    assert [row.unit_id for row in Boundary.objects.all() if row.geom.num_geom != 1] == []


def test_every_desk_has_its_staff(district: Path) -> None:
    wanted = {
        UnitKind.DISTRICT: {Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF, Duty.HEAD},
        UnitKind.TOWN: {Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF, Duty.HEAD},
        UnitKind.VILLAGE: {Duty.CLERK, Duty.CHECKER, Duty.HEAD},
        UnitKind.GRID: {Duty.OFFICER, Duty.SUPERVISOR},
        UnitKind.DEPARTMENT: {Duty.HANDLER, Duty.HEAD},
        UnitKind.OFFICE: {Duty.HANDLER, Duty.HEAD},
    }
    held: dict[str, set[str]] = {}
    for unit, duty in Post.objects.filter(period__contains=NOW).values_list("unit", "duty"):
        held.setdefault(unit, set()).add(duty)
    for unit in Unit.objects.filter(kind__in=wanted):
        assert {duty.value for duty in wanted[UnitKind(unit.kind)]} <= held[unit.pk], unit
        assert unit.duty_contact_id, unit
        assert unit.duty_phone or unit.is_grid, unit
    assert Unit.objects.filter(kind=UnitKind.DEPARTMENT).count() >= 20


def test_names_and_phones_are_made_up_and_different(district: Path) -> None:
    people = list(Person.objects.filter(is_demo=True))
    assert len({person.full_name for person in people}) == len(people)
    assert all(re.fullmatch(r"199-0000-\d{4}", person.phone) for person in people)
    assert all(re.fullmatch(r"0833-0\d{6}", phone) for phone in _phones())


def _phones() -> list[str]:
    return [phone for phone in Unit.objects.values_list("duty_phone", flat=True) if phone]


def test_a_second_run_changes_nothing_and_writes_nothing(district: Path) -> None:
    password = logins.read(district)
    counts = [model.objects.count() for model in (Unit, Person, Post, Boundary, UnitUserPermission)]
    with CaptureQueriesContext(connection) as queries:
        demo.load(now=NOW, logins=district)
    writes = [query["sql"] for query in queries if re.match(r"(insert|update|delete)", query["sql"], re.IGNORECASE)]
    assert writes == []
    assert [model.objects.count() for model in (Unit, Person, Post, Boundary, UnitUserPermission)] == counts
    assert logins.read(district) == password


def test_the_password_is_readable_by_the_owner_alone_and_opens_every_account(district: Path) -> None:
    assert stat.S_IMODE(district.stat().st_mode) == 0o600
    password = logins.read(district)
    assert password
    assert len(password) == 19
    for username in ("officer", "village", "town", "district", "department", "admin", "leader"):
        assert authenticate(username=username, password=password), username
        assert username in district.read_text(encoding="utf-8")


def test_a_lost_file_means_a_new_password(district: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "logins.txt"
    demo.load(now=NOW, logins=fresh)
    assert logins.read(fresh) != logins.read(district)
    assert authenticate(username="officer", password=logins.read(fresh))
    assert not authenticate(username="officer", password=logins.read(district))


@override_settings(DEMO=False)
def test_demo_accounts_are_refused_where_no_demo_is_meant(district: Path) -> None:
    assert authenticate(username="officer", password=logins.read(district)) is None
    Person.objects.create_user("real", "a real password", full_name="真人")
    assert authenticate(username="real", password="a real password")
    with pytest.raises(CommandError, match="WANGGE_DEMO"):
        call_command("load_demo")


def test_the_memorable_accounts_can_do_their_work(district: Path) -> None:
    def duty(username: str, right: Right, unit: str) -> Duty | None:
        return permissions.acting_duty(Person.objects.get(username=username), right, unit, now=NOW)

    assert duty("officer", Right.SETTLE, "511111100001001") is Duty.OFFICER
    assert duty("village", Right.HANDLE, "511111100001") is Duty.CLERK
    assert duty("town", Right.DISPATCH, "511111100") is Duty.DISPATCHER
    assert duty("district", Right.DISPATCH, "511111") is Duty.DISPATCHER
    assert duty("district", Right.HANDLE, "511111") is Duty.CLERK
    assert duty("checker", Right.CHECK, "511111") is Duty.CHECKER
    assert duty("chief", Right.GRANT, "511111") is Duty.DUTY_CHIEF
    assert duty("department", Right.TAKE, "511111D03") is Duty.HANDLER
    assert duty("leader", Right.VIEW, "511111101") is Duty.OBSERVER
    assert duty("admin", Right.ADMINISTER, "511111100001001") is Duty.ADMINISTRATOR
    assert duty("leader", Right.CHECK, "511111") is None


def test_every_grid_has_a_few_hundred_households_in_dwellings_of_its_own(district: Path) -> None:
    grids = {row.unit_id: row.geom for row in Boundary.objects.filter(kind=UnitKind.GRID, valid__contains=NOW)}
    held: dict[str, int] = dict.fromkeys(grids, 0)
    for dwelling in Dwelling.objects.filter(district=demo.DISTRICT):
        assert dwelling.is_synthetic
        held[dwelling.source_id[:15]] += dwelling.households
    assert all(200 < number < 600 for number in held.values())
    first = Dwelling.objects.filter(district=demo.DISTRICT).order_by("source_id")[0]
    assert grids[first.source_id[:15]].contains(first.geom)
    assert set(ReferenceLine.objects.values_list("is_synthetic", flat=True)) == {True}
    assert ReferenceLine.objects.filter(kind=LineKind.RIVER, is_barrier=True).count() == 1
