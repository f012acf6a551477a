"""The page that says in plain words whether the house is well."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dispatch import watch
from dispatch.models import SweepFault, Ticker
from dispatch.watch import Finding, State
from governance import watching
from tests.cast import Cast
from tests.incidents.story import Story

pytestmark = pytest.mark.django_db


def test_the_page_says_what_runs_and_that_all_is_well(cast: Cast, client: Client) -> None:
    now = timezone.now()
    for name in ("sweep-1", "sweep-2", watch.BEAT):
        Ticker.objects.create(name=name, last_tick=now)
    watch.audit(now=now, by="sweep-1")
    client.force_login(cast.administrator)
    page = client.get("/watch/")
    assert page.context["headline"] == watching.headline([])
    assert {one.state for one in page.context["said"]} == {State.OK}
    assert page.content.decode().count("sweep-") == 2


def test_the_page_puts_what_is_late_first_and_says_what_to_do(story: Story, client: Client) -> None:
    incident = story.report()
    now = timezone.now()
    SweepFault.objects.create(clock_id=1, incident_id=incident.pk, first_failed_at=now, last_failed_at=now,
                              next_try_at=now, error="ValueError: no such place")  # fmt: skip
    client.force_login(story.cast.administrator)
    page = client.get("/watch/")
    said = page.context["said"]
    assert [one.state for one in said] == sorted((one.state for one in said), key=["late", "warn", "ok"].index)
    assert said[0].state == State.LATE and all(one.advice for one in said if one.state != State.OK)
    assert incident.number in page.content.decode() and "no such place" in page.content.decode()


def test_a_fault_of_what_is_out_of_sight_is_not_shown(story: Story, client: Client) -> None:
    now = timezone.now()
    SweepFault.objects.create(clock_id=1, incident_id=987654, first_failed_at=now, last_failed_at=now,
                              next_try_at=now, error="secret of others")  # fmt: skip
    client.force_login(story.cast.administrator)
    assert "secret of others" not in client.get("/watch/").content.decode()


def test_every_finding_there_can_be_has_its_words(story: Story) -> None:
    now = timezone.now()
    made = watch.audit(now=now + timedelta(days=9), by="x")
    assert made is not None
    for row in made.findings:
        for state in State:
            said = watching.say(Finding(row["name"], state, row["figures"]))
            assert said.about and said.found and bool(said.advice) == (state != State.OK)


def test_an_officer_has_no_such_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.officer)
    assert client.get("/watch/").status_code == 404
