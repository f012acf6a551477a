"""The inbox: own notices alone, opened is read, paged without counting, and a small count for the frame."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatch import notices, selectors
from dispatch.models import Notice
from grids import posts
from grids.models import Post
from tests.dispatch.play import Play
from tests.incidents.story import Story

CEILING = 8


@pytest.fixture
def play(story: Story) -> Play:
    found = Play(story.cast)
    found.now = timezone.now() - timedelta(hours=3)
    return found


def told(play: Play) -> None:
    notices.announce_until_done(now=timezone.now())


def test_an_arrival_is_read_by_opening_it(client: Client, play: Play) -> None:
    incident = play.report()
    told(play)
    clerk = play.cast.village_clerk
    client.force_login(clerk)
    response = client.get(reverse("dispatch:inbox"))
    (row,) = response.context["rows"]
    assert row.notice.incident == incident and response.context["unread"] == 1
    assert selectors.unread_count(person=clerk, now=timezone.now()) == 1
    opened = client.get(reverse("dispatch:notice", args=[row.notice.pk]))
    assert opened.url == reverse("incidents:detail", args=[incident.number])
    assert selectors.unread_count(person=clerk, now=timezone.now()) == 0


def test_opening_the_incident_itself_reads_its_notices(client: Client, play: Play) -> None:
    incident = play.report()
    told(play)
    client.force_login(play.cast.village_clerk)
    response = client.get(reverse("dispatch:panel", args=[incident.number]), headers={"hx-request": "true"})
    assert "badges" in response["HX-Trigger"]
    assert not Notice.objects.filter(person=play.cast.village_clerk, read_at=None).exists()


def test_nobody_opens_or_reads_the_notices_of_others(client: Client, play: Play) -> None:
    play.report()
    told(play)
    notice = Notice.objects.filter(person=play.cast.village_clerk).get()
    client.force_login(play.cast.town_clerk)
    assert client.get(reverse("dispatch:notice", args=[notice.pk])).status_code == 404
    client.post(reverse("dispatch:read_all"))
    notice.refresh_from_db()
    assert notice.read_at is None


def test_the_unread_alone_and_all_read_at_once(client: Client, play: Play) -> None:
    for _number in range(3):
        play.report()
    told(play)
    client.force_login(play.cast.village_clerk)
    first = Notice.objects.filter(person=play.cast.village_clerk).first()
    client.get(reverse("dispatch:notice", args=[first.pk]))
    unread = client.get(reverse("dispatch:inbox"), {"unread": "1"})
    assert len(unread.context["rows"]) == 2
    assert client.get(reverse("dispatch:read_all")).status_code == 405
    client.post(reverse("dispatch:read_all"))
    assert client.get(reverse("dispatch:inbox"), {"unread": "1"}).context["rows"] == []


def test_long_inboxes_are_paged_and_cheap(client: Client, play: Play, django_assert_max_num_queries) -> None:
    for _number in range(35):
        play.report()
    told(play)
    client.force_login(play.cast.village_clerk)
    with django_assert_max_num_queries(CEILING):
        first = client.get(reverse("dispatch:inbox"))
    assert len(first.context["rows"]) == 30 and first.context["next_url"]
    second = client.get(first.context["next_url"])
    assert len(second.context["rows"]) == 5 and not second.context["next_url"]
    assert client.get(reverse("dispatch:inbox"), {"before": "x"}).status_code == 200


def test_the_count_for_the_frame_is_tiny_and_unchanged_is_304(client: Client, play: Play) -> None:
    play.report()
    told(play)
    client.force_login(play.cast.village_clerk)
    url = reverse("dispatch:unread")
    first = client.get(url)
    assert first.content == b"1"
    assert client.get(url, headers={"if-none-match": first["ETag"]}).status_code == 304


def test_of_what_went_out_of_sight_the_inbox_says_the_number_alone(client: Client, play: Play) -> None:
    incident = play.report(text="三栋张某与邻居争吵")
    told(play)
    clerk = play.cast.village_clerk
    now = timezone.now()
    for post in Post.objects.filter(person=clerk):
        posts.relieve(post=post, at=now)
    client.force_login(clerk)
    page = client.get(reverse("dispatch:inbox"))
    words = page.content.decode()
    assert incident.number in words and "已不在您的查看范围内" in words
    assert incident.title not in words and play.cast.officer.full_name not in words
    (row,) = page.context["rows"]
    opened = client.get(reverse("dispatch:notice", args=[row.notice.pk]))
    assert opened.url == reverse("dispatch:inbox")
    assert not Notice.objects.filter(person=clerk, read_at=None).exists()
