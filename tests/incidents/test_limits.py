"""Which limit applies: the most specific, of the one version in force."""

import threading
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection

from grids.models import Unit
from incidents import limits, reference_data, versions
from incidents.clock_rules import SECONDS_OF_UNIT, WORKING_DAY, WORKING_UNITS
from incidents.limit_bases import BASES
from incidents.models import Category, TimeLimit, TimeUnit
from incidents.states import Stage, Urgency
from tests.incidents import ground

NOW = ground.at("2026-11-20 16:00")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def units(db: None) -> dict[str, Unit]:
    return ground.lay()


def limit(**fields: object) -> TimeLimit:
    values = {"stage": Stage.ACCEPT, "amount": 8, "unit": TimeUnit.WORKING_HOUR}
    return TimeLimit(**(values | fields))


def found(
    *, stage: Stage = Stage.ACCEPT, category: Category | None = None, urgency: str = Urgency.NORMAL,
    tier: str = "village", at: datetime = LATER, district: str = ground.DISTRICT,
) -> TimeLimit:  # fmt: skip
    return limits.limit_for(
        district_id=district,
        category_id=category.pk if category else None,
        urgency=urgency,
        stage=stage,
        tier=tier,
        at=at,
    )


def test_every_unit_of_time_has_its_seconds() -> None:
    assert set(SECONDS_OF_UNIT) | {WORKING_DAY} == set(TimeUnit.values)
    assert set(TimeUnit.values) >= WORKING_UNITS


def test_every_stage_has_a_bare_default(units: dict[str, Unit]) -> None:
    for stage in Stage:
        assert found(stage=stage, tier="department").basis


def test_what_every_limit_rests_on_is_said_in_both_languages(units: dict[str, Unit]) -> None:
    assert set(TimeLimit.objects.values_list("basis", flat=True)) <= set(BASES)


def test_without_any_limit_the_missing_default_is_named(db: None) -> None:
    with pytest.raises(limits.LimitMissing, match="load_limits"):
        found()


@pytest.mark.parametrize(
    ("stage", "urgency", "amount", "unit"),
    [
        ("accept", "normal", 4, "working_hour"),
        ("accept", "critical", 30, "minute"),
        ("handle", "normal", 10, "working_day"),
        ("sign", "normal", 2, "working_day"),
        ("sign", "critical", 30, "minute"),
        ("arrive", "critical", 30, "minute"),
        ("finish", "normal", 10, "working_day"),
        ("check", "normal", 1, "working_day"),
        ("pause", "normal", 90, "day"),
        ("overall", "normal", 15, "day"),
    ],
)
def test_the_shipped_limits_are_those_of_the_plan(
    units: dict[str, Unit], stage: str, urgency: str, amount: int, unit: str
) -> None:
    limit = found(stage=Stage(stage), urgency=urgency)
    assert (limit.amount, limit.unit) == (amount, unit)


def test_a_category_takes_its_own_limit_then_its_parents(units: dict[str, Unit]) -> None:
    rubbish = Category.objects.get(standard_ref="GB/T 47678.5-2026", code="06010")
    major, city = rubbish.parent, rubbish.parent.parent
    assert found(stage=Stage.FINISH, category=rubbish).category == rubbish
    assert found(stage=Stage.FINISH, category=major).category is None
    limits.set_limit(limit=limit(stage=Stage.FINISH, category=city), now=NOW)
    assert found(stage=Stage.FINISH, category=rubbish).category == rubbish
    assert found(stage=Stage.FINISH, category=major).category == city
    limits.set_limit(limit=limit(stage=Stage.FINISH, category=major), now=NOW)
    assert found(stage=Stage.FINISH, category=major).category == major


def test_specific_beats_general_in_the_order_district_category_urgency_tier(units: dict[str, Unit]) -> None:
    rubbish = Category.objects.get(standard_ref="GB/T 47678.5-2026", code="06010")
    case = {"stage": Stage.ARRIVE, "category": rubbish, "urgency": Urgency.URGENT, "tier": "village"}
    order = [
        {},
        {"tier": "village"},
        {"urgency": Urgency.URGENT},
        {"urgency": Urgency.URGENT, "tier": "village"},
        {"category": rubbish},
        {"category": rubbish, "urgency": Urgency.URGENT},
        {"district": units[ground.DISTRICT]},
        {"district": units[ground.DISTRICT], "category": rubbish},
    ]
    for fields in order:
        newest = limits.set_limit(limit=limit(stage=Stage.ARRIVE, **fields), now=NOW)
        assert found(**case) == newest, fields
    assert found(**case, district="500151") != newest, "another district does not see it"


def test_a_replaced_limit_stays_for_what_began_under_it(units: dict[str, Unit]) -> None:
    old = found()
    new = limits.set_limit(limit=limit(amount=6), now=NOW)
    assert new.replaces == old
    assert found(at=NOW - timedelta(seconds=1)) == old
    assert found(at=NOW) == new
    assert (TimeLimit.objects.get(pk=old.pk).amount, TimeLimit.objects.get(pk=old.pk).retired_at) == (4, NOW)


def test_yellow_must_come_before_red(units: dict[str, Unit]) -> None:
    before = found()
    with pytest.raises(ValidationError):
        limits.set_limit(limit=limit(amount=4, yellow_amount=4), now=NOW)
    assert found() == before, "the old one stays in force when the new one is refused"


def test_a_bare_default_cannot_be_ended_only_replaced(units: dict[str, Unit]) -> None:
    with pytest.raises(ValidationError):
        versions.retire(found(), now=NOW)
    special = limits.set_limit(limit=limit(tier="village"), now=NOW)
    versions.retire(special, now=LATER)
    assert found(at=LATER).tier == ""


def test_loading_again_keeps_what_an_administrator_changed(units: dict[str, Unit]) -> None:
    changed = limits.set_limit(limit=limit(amount=6), now=NOW)
    ended = TimeLimit.objects.get(stage=Stage.SIGN, urgency="urgent")
    versions.retire(ended, now=NOW)
    call_command("load_limits", verbosity=0)
    assert found() == changed
    assert found(stage=Stage.SIGN, urgency="urgent").urgency == ""
    loaded = reference_data.load_limits(now=LATER, renew=True)
    assert loaded.renewed == 1
    assert found().amount == 4


def test_loading_categories_twice_changes_nothing(units: dict[str, Unit]) -> None:
    assert reference_data.load_categories().created == 0
    assert (
        Category.objects.filter(standard_ref="GB/T 47678.5-2026", parent__standard_ref="GB/T 47678.5-2026").count()
        == 97
    )
    assert Category.objects.filter(parent=None).count() == 9
    assert not Category.objects.filter(name_en="").exists()
    assert not Category.objects.filter(parent=None, icon="").exists()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once_leave_one_limit_in_force() -> None:
    call_command("load_categories", verbosity=0)
    call_command("load_limits", verbosity=0)
    start = threading.Barrier(4)
    failed: list[Exception] = []

    def replace(amount: int) -> None:
        try:
            start.wait()
            limits.set_limit(limit=limit(amount=amount), now=NOW)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=replace, args=(amount,)) for amount in (5, 6, 7, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    case = TimeLimit.objects.filter(stage=Stage.ACCEPT, category=None, urgency="", tier="", district=None)
    assert case.filter(retired_at=None).count() == 1
    assert case.count() == 5
