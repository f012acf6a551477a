"""One light everywhere: whoever asks for it, and however, of clocks in every state around their edges."""

import csv
import io
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.dashboard.counts import open_counts
from governance.dashboard.grounds import ground_for
from incidents import clock_rules, exports, lists, selectors
from incidents.exports import Wish
from incidents.filters import LIGHTS, Filters
from incidents.lights import ORDER, light, light_sql, rank_sql, showing, shown
from incidents.models import Clock, ClockState, Incident, Light, PauseCause, Subject
from incidents.states import Stage, State
from incidents.templatetags.lights import WORDS
from tests.api.conftest import Program
from tests.incidents.story import Story

INCIDENTS = 36
# Seconds from now to an edge; red begins one second after the due moment.
EDGES = (-7200, -2, -1, 0, 1, 2, 7200)
AROUND = timedelta(seconds=1)


def any_clock(dice: random.Random, now: datetime) -> dict[str, Any]:
    """The columns of a clock that runs, rests or has no end, with its edges near `now`."""
    due = now + timedelta(seconds=dice.choice(EDGES))
    given: dict[str, Any] = {
        "due_at": due,
        "warn_at": dice.choice((None, due, due - timedelta(seconds=1), due - timedelta(hours=3))),
        "budget": 10_000,
        "spent": 0,
    }
    kind = dice.random()
    if kind < 0.2:
        return given | {"due_at": clock_rules.NEVER, "warn_at": None, "budget": 0}
    if kind < 0.5:
        rests = {"state": ClockState.PAUSED, "pause_cause": PauseCause.DISPATCH, "run_since": None}
        return given | rests | {"spent": dice.choice((0, 9_999, 10_000, 10_001))}
    return given


@pytest.fixture
def crowd(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Incidents whose clocks stand anyhow; some suspended, some with a card that waits for its answer."""
    dice = random.Random(8)
    story.now = timezone.now().replace(microsecond=0)
    for _number in range(INCIDENTS):
        incident = story.report()
        for stage in dice.sample((Stage.HANDLE, Stage.CHECK), k=dice.choice((0, 0, 1))):
            extra = story.clock(incident, Stage.ACCEPT)
            extra.pk, extra.stage = None, stage
            extra.save(force_insert=True)
        if dice.random() < 0.4:
            answer = story.clock(incident, Stage.ACCEPT)
            answer.pk, answer.stage, answer.subject_kind, answer.subject_id = None, Stage.REPLY, Subject.CARD, 7
            answer.save(force_insert=True)
        for clock in Clock.objects.filter(incident=incident).exclude(stage=Stage.OVERALL):
            changes = any_clock(dice, story.now)
            Clock.objects.filter(pk=clock.pk).update(next_at=None, **changes)
        if dice.random() < 0.2:
            review = story.now + timedelta(days=3)
            Incident.objects.filter(pk=incident.pk).update(state=State.SUSPENDED, review_at=review)
    monkeypatch.setattr(timezone, "now", lambda: story.now)
    return story


def ended(story: Story) -> None:
    """A closed incident keeps the colour of its whole run for ever."""
    for colour in (Light.GREEN, Light.RED, Light.NONE):
        incident = story.report()
        ended = {"state": ClockState.STOPPED, "stopped_at": story.now, "final_light": colour, "run_since": None}
        Clock.objects.filter(incident=incident).update(next_at=None, **ended)
        Incident.objects.filter(pk=incident.pk).update(state=State.CLOSED, closed_at=story.now)


def of_rows(incidents: list[Incident], now: datetime) -> dict[str, str]:
    """By number: the light that a row of a list, a desk and the page of the incident draws."""
    return {
        row.incident.number: str(row.clock.light) if row.clock else str(Light.NONE)
        for row in selectors.rows(incidents, now)
    }


def test_the_function_and_its_twins_in_the_database_agree_on_every_clock(crowd: Story) -> None:
    for now in (crowd.now - AROUND, crowd.now, crowd.now + AROUND):
        annotated = Clock.objects.annotate(said=light_sql(now)).exclude(state=ClockState.STOPPED)
        clocks = list(annotated.annotate(rank=rank_sql(now)))
        assert len({clock.said for clock in clocks}) == 4, "red, yellow, unlit and paused are all there"
        for clock in clocks:
            assert clock.said == light(clock, now) == ORDER[clock.rank] == shown(clock, now).light, clock.__dict__
        for one in (*Light.values, "paused"):
            found = set(Clock.objects.filter(showing(one, now)).exclude(state=ClockState.STOPPED))
            assert found == {clock for clock in clocks if clock.said == one}


def test_lists_dashboard_map_api_and_export_show_what_the_rows_show(crowd: Story) -> None:
    ended(crowd)
    cast, now = crowd.cast, crowd.now
    incidents = list(Incident.objects.all())
    expected = of_rows(incidents, now)
    assert len(set(expected.values())) >= 6

    for one in LIGHTS:
        filters = Filters.parsed({"light": str(one)})
        found = lists.found(cast.district_dispatcher, filters, now=now).values_list("number", flat=True)
        open_or_ended = {number for number, said in expected.items() if said == one}
        states = filters.states
        of_states = {i.number for i in incidents if i.state in states}
        assert set(found) == open_or_ended & of_states, one

    village = cast.village.pk
    at_work = selectors.rows([one for one in incidents if one.is_open], now, at=village)
    own = {row.incident.number: str(row.clock.light) for row in at_work if row.clock}
    for one in (Light.RED, Light.YELLOW, Light.UNLIT, "paused", "suspended"):
        at_desk = Filters.parsed({"light": str(one), "at": village})
        found = lists.found(cast.district_dispatcher, at_desk, now=now).values_list("number", flat=True)
        assert set(found) == {number for number, said in own.items() if said == one}, one

    still_open = {incident.number for incident in incidents if incident.is_open}
    ground = ground_for(cast.district_dispatcher, {}, now=now)
    assert ground is not None
    counted = {name: number for name, number in open_counts(ground, now=now).lights.items() if number}
    assert counted == dict(Counter(expected[number] for number in still_open))

    page = Client()
    page.force_login(cast.district_dispatcher)
    marks = page.get(reverse("incidents:marks")).json()["features"]
    drawn = {mark["properties"]["number"]: mark["properties"]["light"] for mark in marks}
    assert drawn == {number: expected[number] for number in drawn} and set(drawn) >= still_open

    program, told, address = Program(cast.district_dispatcher), [], "incidents/"
    while address:
        answer = program.get(address).json()
        told, address = told + answer["results"], (answer["next"] or "").removeprefix("http://testserver")
    said = {row["number"]: row["light"]["light"] if row["light"] else str(Light.NONE) for row in told}
    assert said == {number: expected[number] for number in said} and set(said) >= still_open

    desk = exports.desk_post(cast.district_dispatcher, now=now)
    assert desk is not None
    wish = Wish(Filters.parsed({"state": "any"}))
    text = exports.take(person=cast.district_dispatcher, post=desk, wish=wish, reason="核对", now=now)
    written = {line[0].strip(): line[8] for line in list(csv.reader(io.StringIO(text)))[2:]}
    assert written == {number: str(WORDS[said]) if said != Light.NONE else "" for number, said in expected.items()}


def test_the_colour_of_a_finished_clock_never_changes(crowd: Story) -> None:
    ended(crowd)
    stopped = list(Clock.objects.filter(state=ClockState.STOPPED))
    for now in (crowd.now - timedelta(days=900), crowd.now, crowd.now + timedelta(days=9000)):
        said = dict(Clock.objects.filter(state=ClockState.STOPPED).values_list("pk", light_sql(now)))
        assert {clock.pk: light(clock, now) for clock in stopped} == said
        assert said == {clock.pk: clock.final_light for clock in stopped}


def test_a_card_that_waits_too_long_is_red_for_the_unit_that_got_it_and_leaves_the_incidents_light_alone(
    story: Story,
) -> None:
    now = story.now = timezone.now().replace(microsecond=0)
    incident = story.report()
    answer = story.clock(incident, Stage.ACCEPT)
    answer.pk, answer.stage, answer.subject_kind, answer.subject_id = None, Stage.REPLY, Subject.CARD, 7
    answer.warn_at, answer.due_at = None, now - timedelta(hours=1)
    answer.save(force_insert=True)

    assert light(answer, now) == Light.RED, "what the unit's inbox of cards shows"
    assert of_rows([incident], now) == {incident.number: Light.UNLIT}
    for at in ("", story.cast.village.pk):
        said = Incident.objects.annotate(said=lists.shown_light(now, at=at)).get(pk=incident.pk)
        assert said.said == Light.UNLIT  # type: ignore[attr-defined]
