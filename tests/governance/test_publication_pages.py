"""The pages on which a plan is looked at before it is published, published, and taken back."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatch import notices
from dispatch.api.inbox import _told
from dispatch.models import Notice
from grids.models import Person, Plan, PlanStatus, Unit
from tests.governance.drawing import Drawing
from tests.governance.test_redraw import code, report, split
from tests.incidents.story import Story


@pytest.fixture
def now_story(story: Story) -> Story:
    """The story at the moment the pages go by."""
    story.now = timezone.now()
    return story


def client_of(person: Person) -> Client:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(person)
    return client


def test_the_preview_names_codes_officers_posts_and_incidents(now_story: Story) -> None:
    story = now_story
    report(story, 1.9)
    drawing = split(story)
    page = client_of(story.cast.administrator).get(reverse("studio:preview", args=[drawing.plan.pk]))
    shown = page.content.decode()
    assert page.status_code == 200
    for words in (code(2), code(3), code(4), "60 %", "40 %", "code retires", "甲二", "戊一", "Only an approved plan"):
        assert words in shown, words
    assert 'data-open="publish"' not in shown


def test_an_approved_plan_is_published_by_a_press_and_taken_back_by_another(now_story: Story) -> None:
    story = now_story
    client = client_of(story.cast.administrator)
    plan = split(story).approved()
    address = reverse("studio:publish", args=[plan.pk])
    assert 'data-open="publish"' in client.get(address).content.decode()
    answer = client.post(address)
    assert answer.status_code == 302 and answer["location"] == reverse("studio:preview", args=[plan.pk])
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.PUBLISHED
    shown = client.get(answer["location"]).content.decode()
    assert "In force since" in shown and code(3) in shown and 'data-open="roll-back"' in shown

    again = client.post(address, follow=True).content.decode()
    assert "This plan is published already." in again
    back = reverse("studio:roll_back", args=[plan.pk])
    assert "Say why the plan is taken back." in client.post(back, {"note": " "}, follow=True).content.decode()
    shown = client.post(back, {"note": "划错了"}, follow=True).content.decode()
    assert "It takes another plan back." in shown
    assert Unit.objects.get(pk=code(2)).retired_at is None
    assert "It was taken back." in client.get(reverse("studio:preview", args=[plan.pk])).content.decode()


def test_what_is_refused_is_said_and_changes_nothing(now_story: Story) -> None:
    story = now_story
    client = client_of(story.cast.administrator)
    plan = split(story).approved()
    Person.objects.filter(pk=story.cast.handler.pk).update(is_active=False)
    shown = client.get(reverse("studio:publish", args=[plan.pk])).content.decode()
    assert "What stands against publishing it" in shown and 'data-open="publish"' not in shown
    assert "戊一" in client.post(reverse("studio:publish", args=[plan.pk]), follow=True).content.decode()
    assert Plan.objects.get(pk=plan.pk).status == PlanStatus.APPROVED


def test_the_moment_of_publication_is_set_moved_and_taken_away(now_story: Story) -> None:
    story = now_story
    client = client_of(story.cast.administrator)
    plan = split(story).approved()
    address = reverse("studio:schedule", args=[plan.pk])
    later = timezone.localtime(story.now + timedelta(days=2)).replace(second=0, microsecond=0, tzinfo=None)
    shown = client.post(address, {"publish_at": f"{later:%Y-%m-%dT%H:%M}"}, follow=True).content.decode()
    assert "It publishes itself" in shown
    past = timezone.localtime(story.now - timedelta(days=2))
    assert "is past" in client.post(address, {"publish_at": f"{past:%Y-%m-%dT%H:%M}"}, follow=True).content.decode()
    assert timezone.localtime(Plan.objects.get(pk=plan.pk).publish_at).replace(tzinfo=None) == later
    client.post(address, {"publish_at": ""})
    assert Plan.objects.get(pk=plan.pk).publish_at is None
    assert client.post(address, {"publish_at": "x"}).status_code == 422


def test_who_only_reads_plans_presses_nothing(now_story: Story) -> None:
    story = now_story
    plan = split(story).approved()
    head = client_of(story.cast.district_head)
    assert head.get(reverse("studio:preview", args=[plan.pk])).status_code == 200
    for name in ("publish", "schedule", "roll_back"):
        assert head.post(reverse(f"studio:{name}", args=[plan.pk])).status_code == 403
    assert client_of(story.cast.officer).get(reverse("studio:preview", args=[plan.pk])).status_code == 404
    assert Drawing(story.cast, story.cast.village, now=story.now).plan.status == PlanStatus.DRAFT


def test_the_page_by_grid_has_both_ways(now_story: Story) -> None:
    story = now_story
    report(story, 1.9)
    split(story).published()
    client = client_of(story.cast.town_head)
    then = client.get(reverse("governance:by_grid")).content.decode()
    today = client.get(reverse("governance:by_grid"), {"by": "today"}).content.decode()
    assert code(2) in then and "retired" in then and code(4) not in then
    assert code(4) in today and f'small">{code(2)}</span>' not in today
    assert client_of(story.cast.handler).get(reverse("governance:by_grid")).status_code == 200


def test_who_is_concerned_reads_it_in_the_inbox(now_story: Story) -> None:
    story = now_story
    cast = story.cast
    report(story, 1.9)
    plan = split(story).published()
    notices.announce_until_done(now=timezone.now())
    client = client_of(cast.handler)
    shown = client.get(reverse("dispatch:inbox")).content.decode()
    for words in ("Grids were redrawn", plan.title, "1 open incident is yours now", f"you serve in {code(4)}"):
        assert words in shown, words
    notice = Notice.objects.get(house_event__plan=plan, person=cast.handler)
    answer = client.get(reverse("dispatch:notice", args=[notice.pk]))
    assert answer["location"] == reverse("grids:unit", args=[code(4)])
    notice.refresh_from_db()
    assert notice.read_at is not None
    told = _told(notice, is_seen=True)
    assert (told["event"], told["incident"], told["title"]) == ("plan_published", None, plan.title)
    assert code(4) in told["note"]
