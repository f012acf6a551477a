"""The page of one incident: who sees it, what it tells, and that it keeps itself up to date."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from dispatch.orders import Order
from grids.models import Person, Unit
from incidents import timeline
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Photo
from incidents.states import Stage, State
from tests.dispatch.play import Play
from tests.incidents.story import Story

CEILING = 13


@pytest.fixture
def play(story: Story) -> Play:
    """A play at the present moment, as pages look at the clock themselves."""
    found = Play(story.cast)
    found.now = timezone.now() - timedelta(hours=2)
    return found


def page(client: Client, person: Person, incident: Incident, name: str = "incidents:detail", **query: str):
    client.force_login(person)
    return client.get(reverse(name, args=[incident.number]), query)


def steps_of(incident: Incident, now: datetime) -> list[timeline.Step]:
    events = list(IncidentEvent.objects.filter(incident=incident).select_related("actor").order_by("pk"))
    clocks = list(Clock.objects.filter(incident=incident).order_by("pk"))
    units = Unit.objects.in_bulk(timeline.codes_of(events, clocks))
    return timeline.steps(incident, events=events, clocks=clocks, photos=[], units=units, now=now)


def test_a_stranger_and_another_village_get_404_as_for_no_incident_at_all(client: Client, play: Play) -> None:
    incident = play.report()
    for person in (play.cast.stranger, play.cast.sibling_clerk, play.cast.other_handler):
        assert page(client, person, incident).status_code == 404
        for name in ("incidents:live", "dispatch:panel"):
            assert page(client, person, incident, name).status_code == 404
        comment = reverse("incidents:comment", args=[incident.number])
        assert client.post(comment, {"text": "看看"}).status_code == 404
    assert client.get(reverse("incidents:detail", args=["9" * 19])).status_code == 404


def test_the_page_asks_few_queries_however_long_the_history_is(
    client: Client, play: Play, django_assert_max_num_queries
) -> None:
    incident = play.answered()
    client.force_login(play.cast.district_checker)
    url = reverse("incidents:detail", args=[incident.number])
    client.get(url)
    with django_assert_max_num_queries(CEILING):
        assert client.get(url).status_code == 200
    with django_assert_max_num_queries(CEILING):
        client.get(reverse("incidents:live", args=[incident.number]))


def test_everybody_above_and_the_first_receiver_see_the_page(client: Client, play: Play) -> None:
    incident = play.dispatched()
    cast = play.cast
    for person in (cast.officer, cast.village_head, cast.town_clerk, cast.observer, cast.auditor, cast.handler):
        assert page(client, person, incident).status_code == 200


def test_tl_9_each_step_tells_who_when_how_long_and_which_light(play: Play) -> None:
    incident = play.answered()
    steps = [step for step in steps_of(incident, play.now) if step.is_move]
    assert [step.event.kind for step in steps][:3] == ["report", "accept", "escalate"]
    for step, following in pairwise(steps):
        assert step.ends_at == following.at
        assert step.lasted == following.at - step.at
    assert steps[-1].is_now and steps[-1].ends_at is None
    accepted = steps[1]
    assert (accepted.who, accepted.unit) == (play.cast.village_clerk.full_name, play.cast.village.name)
    assert [(measure.unit, measure.light) for measure in accepted.measured] == [(play.cast.village.name, "green")]


def test_qy_14_up_down_and_sideways_stand_in_one_timeline(client: Client, play: Play) -> None:
    cast = play.cast
    incident = play.report()
    play.press(incident, "transfer", cast.village_clerk, target_unit=cast.sibling_village)
    play.press(incident, "escalate", cast.sibling_clerk)
    play.press(incident, "accept", cast.town_clerk)
    play.press(incident, "escalate", cast.town_clerk)
    play.press(incident, "accept", cast.district_clerk)
    play.press(incident, "dispatch", cast.district_dispatcher, orders=[Order(cast.department, "请处置")])
    directions = [step.direction for step in steps_of(incident, play.now)]
    assert {"up", "down", "sideways"} <= set(directions)
    text = page(client, cast.observer, incident).content.decode()
    for icon in ("arrow-up", "arrow-down", "arrows-exchange"):
        assert f"#{icon}" in text


def test_a_red_stays_with_the_unit_that_earned_it(client: Client, play: Play) -> None:
    incident = play.report()
    Clock.objects.filter(incident=incident, stage=Stage.ACCEPT).update(
        due_at=play.now - timedelta(minutes=5), warn_at=play.now - timedelta(minutes=9)
    )
    play.press(incident, "escalate", play.cast.village_clerk)
    clocks = list(Clock.objects.filter(incident=incident))
    marks = timeline.red_marks(clocks, {clock.unit_id: clock.unit for clock in clocks}, play.now)
    assert [mark.unit for mark in marks] == [play.cast.village.name]
    text = page(client, play.cast.town_clerk, incident).content.decode()
    assert "light-mark light-red" in text


def test_live_brings_nothing_while_nothing_changed(client: Client, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is left is said to the minute, so no minute may end between two looks.
    moment = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    incident = play.report()
    version = page(client, play.cast.village_clerk, incident).context["version"]
    assert page(client, play.cast.village_clerk, incident, "incidents:live", v=version).status_code == 204
    play.now = timezone.now()
    play.press(incident, "accept", play.cast.village_clerk)
    fresh = page(client, play.cast.village_clerk, incident, "incidents:live", v=version)
    assert fresh.status_code == 200
    assert "incident:changed" in fresh["HX-Trigger-After-Settle"]
    text = fresh.content.decode()
    assert 'id="incident-status"' in text and 'id="incident-timeline"' in text and "hx-swap-oob" in text


def test_why_tells_limit_calendar_and_days(client: Client, play: Play) -> None:
    incident = play.report()
    clock = Clock.objects.get(incident=incident, stage=Stage.ACCEPT)
    client.force_login(play.cast.village_clerk)
    url = reverse("incidents:why", args=[incident.number, clock.pk])
    with translation.override("en"):
        response = client.get(url, headers={"accept-language": "en"})
    assert response.status_code == 200
    assert response.context["told"].limit is not None
    fragment = client.get(url, headers={"hx-request": "true"})
    assert "<html" not in fragment.content.decode()
    other = Clock.objects.filter(incident=play.report()).first()
    assert client.get(reverse("incidents:why", args=[incident.number, other.pk])).status_code == 404
    client.force_login(play.cast.stranger)
    assert client.get(url).status_code == 404


def test_a_comment_is_written_once_by_those_concerned_and_refused_to_those_who_look(client: Client, play: Play) -> None:
    incident = play.dispatched()
    cast = play.cast
    url = reverse("incidents:comment", args=[incident.number])
    for person, status in (
        (cast.officer, 302),
        (cast.village_clerk, 302),
        (cast.handler, 302),
        (cast.district_head, 302),
        (cast.observer, 403),
        (cast.auditor, 403),
    ):
        client.force_login(person)
        assert client.post(url, {"text": "补充情况", "key": f"key-{person.pk}"}).status_code == status, person
    client.force_login(cast.officer)
    client.post(url, {"text": "补充情况", "key": f"key-{cast.officer.pk}"})
    assert IncidentEvent.objects.filter(incident=incident, kind="comment").count() == 4
    empty = client.post(url, {"text": "  "}, headers={"hx-request": "true"})
    assert empty.status_code == 422 and "is-invalid" in empty.content.decode()


def test_what_people_wrote_is_shown_as_text_never_as_markup(client: Client, play: Play) -> None:
    incident = play.report(text="<script>alert(1)</script> 井盖", address="<b>东门</b>")
    play.press(incident, "accept", play.cast.village_clerk, note="<img src=x onerror=alert(1)>")
    text = page(client, play.cast.village_clerk, incident).content.decode()
    assert "<script>alert(1)" not in text and "<img src=x" not in text and "<b>东门" not in text


def test_an_ended_incident_shows_when_and_the_light_of_the_whole_run(client: Client, play: Play) -> None:
    incident = play.answered_in_one_go()
    play.press(incident, "close", play.cast.town_checker)
    response = page(client, play.cast.observer, incident)
    assert response.context["clock"].light == "green"
    assert response.context["told"] is None
    assert State(play.fresh(incident).state) == State.CLOSED


def test_a_suspended_incident_shows_its_review_date(client: Client, play: Play) -> None:
    incident = play.suspended(play.at_district())
    response = page(client, play.cast.observer, incident)
    assert response.context["clock"].light == "suspended"
    assert response.context["clock"].due_at == play.fresh(incident).review_at
    assert Clock.objects.filter(incident=incident, state=ClockState.PAUSED).exists()
    assert not Photo.objects.exists()
