"""Which limit applies: the most specific, of the one version in force."""

import threading
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, transaction

from grids.models import Unit
from incidents import limits, reference_data, versions
from incidents.clock_rules import SECONDS_OF_UNIT, WORKING_DAY, WORKING_UNITS
from incidents.limit_bases import BASES, RULE_BASES
from incidents.models import CalendarVersion, Category, EscalationRule, TimeLimit, TimeUnit
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
    rule = limits.rule_for(
        district_id=district,
        category_id=category.pk if category else None,
        urgency=urgency,
        stage=stage,
        tier=tier,
        at=at,
    )
    return limits.limit_row(rule.limit_id)


def test_every_unit_of_time_has_its_seconds() -> None:
    assert set(SECONDS_OF_UNIT) | {WORKING_DAY} == set(TimeUnit.values)
    assert set(TimeUnit.values) >= WORKING_UNITS


def test_every_stage_has_a_bare_default(units: dict[str, Unit]) -> None:
    for stage in Stage:
        assert found(stage=stage, tier="department").basis


def test_what_every_limit_rests_on_is_said_in_both_languages(units: dict[str, Unit]) -> None:
    assert set(TimeLimit.objects.values_list("basis", flat=True)) <= set(BASES)
    assert set(EscalationRule.objects.values_list("basis", flat=True)) <= set(RULE_BASES)


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


class Presses:
    """Presses of buttons, one after the other, in one process."""

    def limit_at(self, at: datetime = LATER) -> int:
        rules = limits.Rules(at=at)
        return rules.of((ground.DISTRICT, None), Urgency.NORMAL, stage=Stage.ACCEPT, tier="village").limit_id


@pytest.fixture
def presses(units: dict[str, Unit]) -> Presses:
    return Presses()


def test_what_clocks_go_by_is_read_once_and_then_only_asked_after(
    presses: Presses, django_assert_num_queries: object
) -> None:
    first = presses.limit_at()
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert presses.limit_at() == first
    assert presses.limit_at(LATER + timedelta(days=3)) == first


def test_a_new_limit_counts_from_its_own_moment_for_the_next_press(presses: Presses) -> None:
    before = presses.limit_at()
    fresh = limits.set_limit(limit=limit(amount=1), now=LATER)
    assert presses.limit_at(LATER - timedelta(seconds=1)) == before
    assert presses.limit_at(LATER) == fresh.pk
    assert presses.limit_at(LATER - timedelta(days=1)) == before
    assert presses.limit_at(LATER + timedelta(days=1)) == fresh.pk


def test_a_change_that_is_taken_back_was_never_kept(presses: Presses) -> None:
    before = presses.limit_at()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fresh = limits.set_limit(limit=limit(amount=1), now=NOW)
        assert presses.limit_at() == fresh.pk
        raise ZeroDivisionError
    assert presses.limit_at() == before


def test_a_category_that_moves_and_a_new_calendar_version_are_seen_at_once(units: dict[str, Unit]) -> None:
    parent, other = Category.objects.filter(parent=None, children__isnull=False).distinct()[:2]
    child = parent.children.first()
    assert child is not None
    special = limits.set_limit(limit=limit(category=other, amount=1), now=NOW)
    assert found(category=child) != special
    Category.objects.filter(pk=child.pk).update(parent=other)
    assert found(category=child) == special
    rules = limits.Rules(at=LATER)
    before = rules.of((ground.DISTRICT, None), Urgency.NORMAL, stage=Stage.ACCEPT, tier="village").version_id
    version = CalendarVersion.objects.get(pk=before)
    version.pk, version.number, version._state.adding = None, version.number + 1, True
    version.save()
    after = limits.rule_for(
        district_id=ground.DISTRICT, category_id=None, urgency="normal", stage=Stage.ACCEPT, tier="village", at=LATER
    )
    assert after.version_id == version.pk != before
