"""The inbox for programs: what a person was told, read one by one or at once."""

from django.utils import timezone

from dispatch import notices
from grids import posts
from grids.models import Post
from tests.api.conftest import Now, Program
from tests.api.test_problems import is_problem


def told(today: Now) -> Program:
    """The village clerk, told of three reports."""
    for _turn in range(3):
        today.report()
    notices.announce_until_done(now=timezone.now())
    return Program(today.cast.village_clerk)


def test_notices_are_told_the_newest_first_with_why(today: Now) -> None:
    clerk = told(today)
    rows = clerk.get("inbox/").json()["results"]
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert len(rows) == 3
    assert rows[0]["event"] == "report"
    assert rows[0]["reason_name"]
    assert clerk.get(rows[0]["incident_url"]).status_code == 200
    assert clerk.get(rows[0]["url"]).json() == rows[0]
    assert len(clerk.get("inbox/?page_size=2").json()["results"]) == 2


def test_looking_reads_nothing_and_reading_reads_once(today: Now) -> None:
    clerk = told(today)
    first = clerk.get("inbox/").json()["results"][0]
    assert clerk.get("inbox/unread/").json() == {"unread": 3}
    assert clerk.post(f"{first['url']}read/").json() == {"read": 1}
    assert clerk.post(f"{first['url']}read/").json() == {"read": 0}
    assert len(clerk.get("inbox/?unread=true").json()["results"]) == 2
    assert clerk.post("inbox/read/").json() == {"read": 2}
    assert clerk.get("inbox/unread/").json() == {"unread": 0}


def test_notices_are_a_persons_own(today: Now) -> None:
    first = told(today).get("inbox/").json()["results"][0]
    other = Program(today.cast.town_clerk)
    assert other.get("inbox/").json()["results"] == []
    is_problem(other.get(first["url"]), 404, "not-found")
    is_problem(other.post(f"{first['url']}read/"), 404, "not-found")
    for odd in ("x", "-1", "1" * 30, "%00"):
        assert other.get(f"inbox/{odd}/").status_code == 404


def test_of_what_went_out_of_sight_nothing_is_told_but_the_number(today: Now) -> None:
    clerk = told(today)
    for post in Post.objects.filter(person=today.cast.village_clerk):
        posts.relieve(post=post, at=timezone.now())
    for row in (
        *clerk.get("inbox/").json()["results"],
        clerk.get(clerk.get("inbox/").json()["results"][0]["url"]).json(),
    ):
        assert row["incident"] and row["in_sight"] is False
        assert (row["title"], row["note"], row["actor"], row["unit"], row["state"]) == ("", "", None, None, None)
