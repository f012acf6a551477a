"""In what capacity somebody checks on site: by the duty they really hold, which must be in force now."""

import pytest

from grids import posts
from grids.duties import Duty
from grids.models import Person, Post
from incidents import lifecycle
from incidents.births import Position
from incidents.models import Incident, IncidentEvent, Inspection, Photo, PhotoStage
from incidents.refusals import MoveRefused
from incidents.states import State
from tests.incidents.story import Story


def answered(story: Story, reporter: Person) -> Incident:
    """Reported by `reporter`, answered by the village: the town checks, or whoever goes and looks."""
    incident = story.move(story.report(by=reporter), "accept", story.cast.village_clerk)
    return story.move(incident, "answer", story.cast.village_clerk)


def look_on_site(story: Story, incident: Incident, person: Person) -> None:
    point = story.cast.point(story.cast.grid)
    Photo.objects.create(
        incident=incident, stage=PhotoStage.CHECK, original="a", shown="b", thumbnail="c", width=1, height=1,
        sha256="0" * 64, point=point, added_by=person, added_at=story.now,
    )  # fmt: skip


def test_the_first_receiver_closes_on_site_by_the_duty_held_where_the_report_was_taken(story: Story) -> None:
    for person, duty in ((story.cast.officer, Duty.OFFICER), (story.cast.assistant, Duty.ASSISTANT)):
        incident = answered(story, person)
        look_on_site(story, incident, person)
        closed = story.move(incident, "close", person, on_site=True)
        event = IncidentEvent.objects.get(incident=closed, kind="close")
        assert closed.state == State.CLOSED
        assert (event.actor, event.unit_id, event.duty) == (person, story.cast.grid.pk, duty)


def test_a_first_receiver_who_left_the_post_checks_nothing_any_more(story: Story) -> None:
    person = story.cast.officer
    incident = answered(story, person)
    look_on_site(story, incident, person)
    for post in Post.objects.filter(person=person):
        posts.relieve(post=post, at=story.now)
    with pytest.raises(MoveRefused) as refused:
        story.move(incident, "close", person, on_site=True)
    assert refused.value.code == "no_right"
    # A post somewhere else does not bring it back.
    posts.appoint(unit=story.cast.other_grid, person=person, duty=Duty.ASSISTANT, since=story.now, now=story.now)
    with pytest.raises(MoveRefused) as refused:
        story.move(incident, "close", person, on_site=True)
    assert refused.value.code == "no_right"


def test_whoever_looked_from_a_desk_is_asked_for_a_photo_on_site(story: Story) -> None:
    incident = answered(story, story.cast.officer)
    with pytest.raises(MoveRefused) as refused:
        story.move(incident, "close", story.cast.officer, on_site=True)
    assert (refused.value.code, refused.value.field) == ("missing", "on_site")


def test_the_supervisor_of_the_grid_confirms_on_site_what_its_officer_settled(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.births.secrets.randbelow", lambda bound: 0)
    cast, point = story.cast, story.cast.point(story.cast.grid)
    incident = lifecycle.self_handle(
        actor=cast.officer,
        now=story.now,
        text="小事",
        result="已办",
        category=None,
        position=Position(point.x, point.y),
    )  # fmt: skip
    story.later(minutes=30)
    for person in (cast.officer, cast.assistant):
        with pytest.raises(MoveRefused):
            lifecycle.confirm(incident_id=incident.pk, actor=person, now=story.now, on_site=True)
    with pytest.raises(MoveRefused) as refused:
        lifecycle.confirm(incident_id=incident.pk, actor=cast.supervisor, now=story.now, on_site=True)
    assert (refused.value.code, refused.value.field) == ("missing", "on_site")
    look_on_site(story, incident, cast.supervisor)
    event = lifecycle.confirm(incident_id=incident.pk, actor=cast.supervisor, now=story.now, on_site=True)
    assert (event.actor, event.unit_id, event.duty) == (cast.supervisor, cast.grid.pk, Duty.SUPERVISOR)
    assert Inspection.objects.get(incident=incident).confirmed
