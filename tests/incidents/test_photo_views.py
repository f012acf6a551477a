"""Pictures are served to those who see the incident and taken from those who deal with it."""

from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents import photo_rights, who_may
from incidents.models import Incident, IncidentEvent, Photo, PhotoStage, Sight
from incidents.refusals import MoveRefused
from incidents.states import State
from tests.incidents.pages import SignIn, fields, picture
from tests.incidents.story import Story


def reported(client: Client, story: Story, **given: Any) -> Photo:
    """A picture of a fresh report."""
    client.post("/report/", fields(story, photos=[picture()], **given))
    return Photo.objects.latest("pk")


def answered(story: Story) -> Incident:
    """An incident of the officer's grid that the village says is done."""
    incident = story.report()
    story.move(incident, "accept", story.cast.village_clerk)
    return story.move(incident, "answer", story.cast.village_clerk, "已修好")


def add(client: Client, incident: Incident, stage: str, **given: Any) -> Any:
    sent = {"stage": stage, "photos": [picture("c.jpg", (4, 5, 6))]} | given
    return client.post(f"/incidents/{incident.number}/photos/add/", sent, headers={"accept": "application/json"})


def read(answer: Any) -> bytes:
    """The whole of a streamed answer; closing it by hand would close the test's own connection."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_picture_is_shown_stripped_and_safely(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    photo = reported(client, story)
    for size, disposition in (("shown", "inline"), ("thumb", "inline"), ("original", "attachment")):
        answer = client.get(f"/photos/{photo.token}/{size}")
        assert answer.status_code == 200
        assert answer["content-type"] == "image/jpeg"
        assert answer["content-disposition"].startswith(disposition)
        assert answer["x-content-type-options"] == "nosniff"
        assert "private" in answer["cache-control"]
        assert "default-src 'none'" in answer["content-security-policy"]
        assert read(answer)[:2] == b"\xff\xd8"


def test_a_picture_the_browser_has_is_not_sent_again(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    photo = reported(client, story)
    first = client.get(f"/photos/{photo.token}/thumb")
    assert read(first)
    again = client.get(f"/photos/{photo.token}/thumb", headers={"if-none-match": first["etag"]})
    assert again.status_code == 304
    other = client.get(f"/photos/{photo.token}/shown", headers={"if-none-match": first["etag"]})
    assert other.status_code == 200
    assert read(other)


@pytest.mark.parametrize("name", ["stranger", "other_officer", "handler", "sibling_clerk"])
def test_out_of_sight_there_is_no_picture(signed_in: SignIn, story: Story, name: str) -> None:
    photo = reported(signed_in(story.cast.officer), story)
    client = signed_in(getattr(story.cast, name))
    for size in ("shown", "thumb", "original"):
        assert client.get(f"/photos/{photo.token}/{size}").status_code == 404
    assert client.get(f"/photos/{photo.token}/huge").status_code == 404
    assert Client().get(f"/photos/{photo.token}/thumb").status_code == 302


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("officer", True),
        ("village_clerk", True),
        ("village_checker", True),
        ("auditor", True),
        ("assistant", False),
        ("supervisor", False),
        ("village_head", False),
        ("town_clerk", False),
        ("observer", False),
    ],
)
def test_the_original_is_for_who_took_it_who_deals_with_it_and_who_audits(
    signed_in: SignIn, story: Story, name: str, allowed: bool
) -> None:
    photo = reported(signed_in(story.cast.officer), story)
    client = signed_in(getattr(story.cast, name))
    shown = client.get(f"/photos/{photo.token}/shown")
    assert shown.status_code == 200, "all of these see the incident"
    original = client.get(f"/photos/{photo.token}/original")
    assert original.status_code == (200 if allowed else 403)
    assert read(shown)
    assert read(original)


@pytest.mark.parametrize(
    ("name", "before", "after", "check"),
    [
        ("officer", True, True, True),
        ("assistant", True, False, False),
        ("supervisor", True, False, True),
        ("village_clerk", True, False, False),
        ("village_checker", False, False, True),
        ("village_head", False, False, False),
        ("town_clerk", True, True, False),
        ("town_checker", True, False, True),
        ("handler", False, False, False),
        ("observer", False, False, False),
        ("auditor", False, False, False),
    ],
)
def test_who_adds_what_when_the_town_checks_what_the_village_did(
    story: Story, name: str, before: bool, after: bool, check: bool
) -> None:
    incident = answered(story)
    person = getattr(story.cast, name)
    assert photo_rights.stages_for(person, incident, now=story.now) == [
        stage
        for stage, may in ((PhotoStage.BEFORE, before), (PhotoStage.AFTER, after), (PhotoStage.CHECK, check))
        if may
    ]


def test_nothing_is_checked_before_somebody_calls_it_done(story: Story) -> None:
    incident = story.report()
    assert photo_rights.stages_for(story.cast.supervisor, incident, now=story.now) == [PhotoStage.BEFORE]
    clerk = photo_rights.stages_for(story.cast.village_clerk, incident, now=story.now)
    assert clerk == [PhotoStage.BEFORE, PhotoStage.AFTER]


def test_who_settled_it_does_not_check_it(story: Story) -> None:
    incident = story.report()
    incident.state, incident.self_handled = State.CLOSED, True
    assert photo_rights.stages_for(story.cast.officer, incident, now=story.now) == []
    assert photo_rights.stages_for(story.cast.supervisor, incident, now=story.now) == [PhotoStage.CHECK]


def test_a_department_that_was_called_in_shows_what_it_did(story: Story) -> None:
    incident = story.report()
    Sight.objects.create(incident=incident, unit=story.cast.department, since=story.now, why="assigned")
    handler = photo_rights.stages_for(story.cast.handler, incident, now=story.now)
    assert handler == [PhotoStage.BEFORE, PhotoStage.AFTER]
    assert photo_rights.stages_for(story.cast.other_handler, incident, now=story.now) == []
    acting = photo_rights.adding(story.cast.handler, incident, PhotoStage.AFTER, now=story.now)
    assert acting.unit_id == story.cast.department.pk


@pytest.mark.parametrize("state", [State.CLOSED, State.DISMISSED, State.VOIDED, State.MERGED])
def test_what_has_ended_takes_no_more_pictures_but_of_a_check(story: Story, state: State) -> None:
    incident = story.report()
    incident.state = state
    stages = photo_rights.stages_for(story.cast.supervisor, incident, now=story.now)
    assert stages == ([PhotoStage.CHECK] if state in (State.CLOSED, State.DISMISSED) else [])
    with pytest.raises(MoveRefused):
        photo_rights.adding(story.cast.supervisor, incident, PhotoStage.BEFORE, now=story.now)


def test_a_picture_added_later_stands_in_the_record(signed_in: SignIn, story: Story) -> None:
    incident = story.report()
    answer = add(signed_in(story.cast.village_clerk), incident, "after")
    assert answer.status_code == 200, answer.content
    photo = Photo.objects.get()
    assert (photo.stage, photo.added_by, photo.point) == ("after", story.cast.village_clerk, None)
    event = IncidentEvent.objects.get(kind="photo")
    assert (event.actor, event.unit, event.seq) == (story.cast.village_clerk, story.cast.village, None)
    assert event.details == {"stage": "after", "count": 1}
    incident.refresh_from_db()
    assert incident.seq == 1, "no move was made"


def test_a_check_needs_the_position_of_the_phone(signed_in: SignIn, story: Story) -> None:
    incident = answered(story)
    client = signed_in(story.cast.supervisor)
    assert add(client, incident, "check").status_code == 422
    tapped = {"lon": "103.555", "lat": "29.415", "by": "tap"}
    assert add(client, incident, "check", **tapped).status_code == 422
    assert not IncidentEvent.objects.filter(kind="photo").exists()
    assert add(client, incident, "check", **tapped | {"by": "device"}).status_code == 200
    photo = Photo.objects.get()
    assert photo.point is not None
    assert photo.point.equals_exact(Point(103.555, 29.415, srid=4490), 1e-9)
    assert who_may.has_on_site_photo(incident, story.cast.supervisor, now=story.now)
    assert not who_may.has_on_site_photo(incident, story.cast.officer, now=story.now)


def test_who_may_not_add_is_refused_and_who_does_not_see_finds_nothing(signed_in: SignIn, story: Story) -> None:
    incident = story.report()
    assert add(signed_in(story.cast.village_head), incident, "before").status_code == 422
    assert add(signed_in(story.cast.other_officer), incident, "before").status_code == 404
    assert add(signed_in(story.cast.officer), incident, "nonsense").status_code == 422
    assert not Photo.objects.exists()


def test_the_fragment_comes_back_with_the_picture_and_tells_the_page(signed_in: SignIn, story: Story) -> None:
    incident = story.report()
    client = signed_in(story.cast.village_clerk)
    empty = client.get(f"/incidents/{incident.number}/photos/")
    assert b'data-photo-add="after"' in empty.content
    assert b"data-needs-position" not in empty.content
    url = f"/incidents/{incident.number}/photos/add/"
    answer = client.post(url, {"stage": "after", "photos": [picture()]}, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "incident:photos" in answer["hx-trigger-after-settle"]
    assert str(Photo.objects.get().token) in answer.content.decode()
    refused = client.post(url, {"stage": "after"}, headers={"hx-request": "true"})
    assert refused.status_code == 422
    assert b"banner-error" in refused.content


def test_pictures_cost_few_queries(signed_in: SignIn, story: Story) -> None:
    client = signed_in(story.cast.officer)
    photo = reported(client, story)
    with CaptureQueriesContext(connection) as serving:
        read(client.get(f"/photos/{photo.token}/thumb"))
    with CaptureQueriesContext(connection) as fragment:
        client.get(f"/incidents/{photo.incident.number}/photos/")
    for context, ceiling in ((serving, 6), (fragment, 9)):
        assert len(context) <= ceiling, "\n".join(query["sql"][:160] for query in context)
