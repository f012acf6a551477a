"""The administration of limits, categories and calendars: no save goes past a domain function."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids import hierarchy, posts
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Boundary, Person
from incidents import limits
from incidents.admin import EscalationRuleForm
from incidents.models import CalendarVersion, Category, Clock, EscalationRule, TimeLimit, Told
from incidents.states import Stage
from tests.incidents.story import Story


@pytest.fixture
def keeper(db: None, client: Client) -> Client:
    client.force_login(Person.objects.create_superuser("keeper", "correct horse battery"))
    return client


@pytest.fixture
def administrator(story: Story, client: Client) -> Client:
    """The district's administrator, who may open the administration."""
    Person.objects.filter(pk=story.cast.administrator.pk).update(is_staff=True)
    story.cast.administrator.refresh_from_db()
    client.force_login(story.cast.administrator)
    return client


def the_default(stage: Stage) -> TimeLimit:
    return TimeLimit.objects.get(stage=stage, district=None, category=None, urgency="", tier="", retired_at=None)


def terms(limit: TimeLimit, **changes) -> dict:
    given = {"amount": limit.amount, "unit": limit.unit, "basis": limit.basis}
    return given | {"yellow_amount": limit.yellow_amount or ""} | changes


def test_changing_a_limit_adds_a_version_and_leaves_running_clocks_alone(story: Story, keeper: Client) -> None:
    story.now = timezone.now()
    clock = story.clock(story.report(), Stage.ACCEPT)
    old = the_default(Stage.ACCEPT)
    answer = keeper.post(reverse("admin:incidents_timelimit_change", args=[old.pk]), terms(old, amount=6))
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    new = the_default(Stage.ACCEPT)
    old.refresh_from_db()
    assert (new.amount, new.replaces, old.amount) == (6, old, 4)
    assert old.retired_at is not None and old.retired_at == new.created_at
    assert Clock.objects.get(pk=clock.pk).limit_id == old.pk


def test_a_district_sets_its_own_limit_beside_the_common_one(story: Story, administrator: Client) -> None:
    common = the_default(Stage.ACCEPT)
    given = terms(common, amount=2, stage="accept", district=story.cast.district.pk)
    assert administrator.post(reverse("admin:incidents_timelimit_add"), given).status_code == 302
    rule = limits.rule_for(
        district_id="511111", category_id=None, urgency="normal", stage=Stage.ACCEPT, tier="village", at=timezone.now()
    )
    found = limits.limit_row(rule.limit_id)
    assert (found.amount, found.district_id) == (2, "511111")
    # Adding it once more replaces it: the case is the same.
    assert administrator.post(reverse("admin:incidents_timelimit_add"), given | {"amount": 3}).status_code == 302
    assert TimeLimit.objects.get(district="511111", retired_at=None).amount == 3


def test_who_administers_every_district_changes_what_they_share(story: Story, administrator: Client) -> None:
    common = the_default(Stage.ACCEPT)
    address = reverse("admin:incidents_timelimit_change", args=[common.pk])
    assert administrator.post(address, terms(common, amount=5)).status_code == 302
    assert the_default(Stage.ACCEPT).amount == 5


def test_with_another_district_beside_theirs_they_change_only_their_own(story: Story, administrator: Client) -> None:
    hierarchy.create_unit(code="500151", kind=UnitKind.DISTRICT, name="铜梁区", now=story.cast.since)
    common = the_default(Stage.ACCEPT)
    address = reverse("admin:incidents_timelimit_change", args=[common.pk])
    assert administrator.get(address).status_code == 200
    assert administrator.post(address, terms(common, amount=9)).status_code == 403
    without = terms(common, amount=9, stage="accept")
    refused = administrator.post(reverse("admin:incidents_timelimit_add"), without)
    assert "district" in refused.context["adminform"].form.errors
    assert the_default(Stage.ACCEPT).amount == 4


def test_yellow_after_red_is_refused_at_its_field(story: Story, keeper: Client) -> None:
    old = the_default(Stage.HANDLE)
    answer = keeper.post(
        reverse("admin:incidents_timelimit_change", args=[old.pk]), terms(old, amount=3, yellow_amount=5)
    )
    assert answer.status_code == 200
    assert "yellow_amount" in answer.context["adminform"].form.errors
    assert the_default(Stage.HANDLE) == old


def test_an_ended_limit_is_read_only_and_a_bare_default_cannot_be_ended(story: Story, keeper: Client) -> None:
    old = the_default(Stage.CHECK)
    special = TimeLimit.objects.filter(category__isnull=False, retired_at=None).first()
    assert special is not None
    keeper.post(
        reverse("admin:incidents_timelimit_changelist"),
        {"action": "end", "_selected_action": [old.pk, special.pk]},
    )
    assert the_default(Stage.CHECK) == old
    special.refresh_from_db()
    assert special.retired_at is not None
    address = reverse("admin:incidents_timelimit_change", args=[special.pk])
    assert keeper.post(address, terms(special, amount=1)).status_code == 403


def test_a_category_keeps_its_code_and_is_ended_instead_of_deleted(story: Story, keeper: Client) -> None:
    category = Category.objects.filter(parent__isnull=False).first()
    assert category is not None
    given = {"name": "新名称", "name_en": "New", "position": 3, "code": "stolen"}
    assert keeper.post(reverse("admin:incidents_category_change", args=[category.pk]), given).status_code == 302
    code = category.code
    category.refresh_from_db()
    assert (category.name, category.code) == ("新名称", code)
    assert (
        keeper.post(reverse("admin:incidents_category_delete", args=[category.pk]), {"post": "yes"}).status_code == 403
    )
    keeper.post(reverse("admin:incidents_category_changelist"), {"action": "end", "_selected_action": [category.pk]})
    category.refresh_from_db()
    assert category.retired_at is not None


def test_versions_boundaries_and_posts_are_only_shown(story: Story, keeper: Client) -> None:
    boundary = Boundary.objects.first()
    version = CalendarVersion.objects.first()
    assert boundary is not None and version is not None
    for name, row in (("grids_boundary", boundary), ("incidents_calendarversion", version)):
        page = keeper.get(reverse(f"admin:{name}_change", args=[row.pk]))
        assert page.status_code == 200 and 'name="_save"' not in page.content.decode()
        assert keeper.post(reverse(f"admin:{name}_change", args=[row.pk]), {}).status_code == 403
        assert keeper.get(reverse(f"admin:{name}_add")).status_code == 403


def test_somebody_without_the_duty_finds_an_empty_administration(story: Story, client: Client) -> None:
    Person.objects.filter(pk=story.cast.observer.pk).update(is_staff=True)
    story.cast.observer.refresh_from_db()
    client.force_login(story.cast.observer)
    assert client.get(reverse("admin:incidents_timelimit_changelist")).status_code == 403
    assert client.get(reverse("admin:grids_post_changelist")).status_code == 403


def test_an_administrator_of_one_town_sets_nothing_for_the_district(story: Story, client: Client) -> None:
    cast = story.cast
    posts.appoint(unit=cast.town, person=cast.town_head, duty=Duty.ADMINISTRATOR, since=cast.since, now=cast.now)
    Person.objects.filter(pk=cast.town_head.pk).update(is_staff=True)
    cast.town_head.refresh_from_db()
    client.force_login(cast.town_head)
    given = terms(the_default(Stage.ACCEPT), amount=2, stage="accept", district=cast.district.pk)
    answer = client.post(reverse("admin:incidents_timelimit_add"), given)
    assert answer.status_code == 200 and "district" in answer.context["adminform"].form.errors
    shown = client.get(reverse("admin:grids_post_changelist")).content.decode()
    assert cast.village_clerk.full_name in shown and cast.other_town_clerk.full_name not in shown


def rule_of(stage: Stage, **case) -> EscalationRule:
    about = {"district": None, "category": None, "urgency": "", "tier": ""} | case
    return EscalationRule.objects.get(stage=stage, retired_at=None, **about)


def rule_terms(rule: EscalationRule, **changes) -> dict:
    given = {name: getattr(rule, name) for name in ("yellow_action", "red_action", "card_colour", "basis")}
    return given | {"repeat_every": "", "repeat_unit": "", "repeat_times": ""} | changes


def test_changing_an_escalation_rule_adds_a_version_and_leaves_running_clocks_alone(
    story: Story, keeper: Client
) -> None:
    story.now = timezone.now()
    clock = story.clock(story.report(), Stage.ACCEPT)
    old = rule_of(Stage.ACCEPT)
    assert clock.escalation == old
    changes = {"card_colour": "red", "repeat_every": 2, "repeat_unit": "working_day", "tell_duty_leader": 3}
    address = reverse("admin:incidents_escalationrule_change", args=[old.pk])
    answer = keeper.post(address, rule_terms(old, **changes))
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    new = rule_of(Stage.ACCEPT)
    old.refresh_from_db()
    assert (new.card_colour, new.repeat_every, new.repeat_times) == ("red", 2, None)
    assert new.tell == [{"cards": 3, "who": "duty_leader"}]
    assert (new.replaces, old.card_colour, old.retired_at) == (old, "ordinary", new.created_at)
    assert Clock.objects.get(pk=clock.pk).escalation_id == old.pk
    page = keeper.get(reverse("admin:incidents_escalationrule_change", args=[new.pk]))
    assert page.context["adminform"].form["tell_duty_leader"].initial == 3


def test_every_group_that_may_be_told_of_cards_has_its_field() -> None:
    assert {f"tell_{who.value}" for who in Told} <= EscalationRuleForm.declared_fields.keys()


@pytest.mark.parametrize(
    ("stage", "changes"),
    [
        (Stage.CHECK, {"red_action": "escalate"}),
        (Stage.CHECK, {"red_action": "resume"}),
        (Stage.PAUSE, {"red_action": "remind"}),
        (Stage.CHECK, {"repeat_every": 3}),
        (Stage.CHECK, {"repeat_every": 5, "repeat_unit": "minute"}),
        (Stage.CHECK, {"tell_officer": 0}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(story: Story, keeper: Client, stage: Stage, changes: dict) -> None:
    old = rule_of(stage)
    address = reverse("admin:incidents_escalationrule_change", args=[old.pk])
    assert keeper.post(address, rule_terms(old, **changes)).status_code == 200
    assert rule_of(stage) == old


def test_a_limit_as_the_situation_requires_says_nothing_else(story: Story, keeper: Client) -> None:
    old = the_default(Stage.CHECK)
    address = reverse("admin:incidents_timelimit_change", args=[old.pk])
    assert keeper.post(address, terms(old, amount=0, end_of_day="on")).status_code == 200
    assert keeper.post(address, terms(old, amount=0)).status_code == 302
    assert the_default(Stage.CHECK).is_open_ended
    pause = the_default(Stage.PAUSE)
    address = reverse("admin:incidents_timelimit_change", args=[pause.pk])
    assert keeper.post(address, terms(pause, amount=0)).status_code == 200, "a suspension needs an end"


def test_nobody_rewrites_a_version(story: Story) -> None:
    for row in (the_default(Stage.CHECK), rule_of(Stage.CHECK)):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(basis="rewritten")
