"""Pictures for programs: who adds which, who gets which file, nothing twice."""

import io
from typing import Any

import pytest

from incidents.models import Incident, IncidentEvent, Photo
from tests.api.conftest import Now, Program
from tests.api.test_problems import is_problem
from tests.incidents.pages import picture


def send(program: Program, incident: Incident, *files: Any, key: str = "", **given: Any) -> Any:
    headers = program.headers | ({"Idempotency-Key": key} if key else {})
    data = {"stage": "before", "photos": list(files), **given}
    return program.client.post(f"/api/v1/incidents/{incident.number}/photos/", data, headers=headers)


def test_a_picture_goes_in_and_comes_out(today: Now) -> None:
    incident, clerk = today.report(), Program(today.cast.village_clerk)
    answer = send(clerk, incident, picture(), picture("b.jpg", (1, 2, 3)))
    assert answer.status_code == 201, answer.content
    told = answer.json()["results"]
    assert [each["stage"] for each in told] == ["before", "before"]
    assert told[0]["added_by"] == today.cast.village_clerk.full_name
    listed = clerk.get(f"incidents/{incident.number}/photos/").json()["results"]
    assert listed == told
    for link in told[0]["links"].values():
        file = clerk.get(link)
        assert (file.status_code, file.headers["Content-Type"]) == (200, "image/jpeg")
        assert b"".join(file.streaming_content)[:2] == b"\xff\xd8"
    etag = clerk.get(told[0]["url"]).headers["ETag"]
    assert clerk.get(told[0]["url"], If_None_Match=etag).status_code == 304


def test_files_are_for_who_sees_the_incident_and_originals_for_who_deals_with_it(today: Now) -> None:
    cast, incident = today.cast, today.report()
    (told,) = send(Program(cast.village_clerk), incident, picture()).json()["results"]
    for person, shown, original in (
        (cast.village_clerk, 200, 200),
        (cast.village_head, 200, 403),
        (cast.auditor, 200, 200),
        (cast.other_village_clerk, 404, 404),
        (cast.stranger, 404, 404),
    ):
        program = Program(person)
        assert program.get(told["links"]["shown"]).status_code == shown, person.username
        assert program.get(told["links"]["original"]).status_code == original, person.username
    assert Program().get(told["links"]["shown"]).status_code == 401
    (row,) = Program(cast.village_head).get(f"incidents/{incident.number}/photos/").json()["results"]
    assert row["links"]["original"] is None
    assert Program(cast.village_clerk).get(f"photos/{told['token']}/huge/").status_code == 404


def test_who_has_no_part_in_it_adds_nothing(today: Now) -> None:
    incident = today.report()
    is_problem(send(Program(today.cast.village_head), incident, picture()), 403, "forbidden")
    assert send(Program(today.cast.stranger), incident, picture()).status_code == 404
    done = today.press(incident, "dismiss", today.cast.village_clerk)
    is_problem(send(Program(today.cast.village_clerk), done, picture()), 409, "conflict")
    assert Photo.objects.count() == 0


@pytest.mark.parametrize(
    ("files", "given", "field"),
    [
        ([], {}, "photos"),
        ([b"no picture"], {}, "photos.0"),
        ([b""], {}, "photos.0"),
        ([None] * 10, {}, "photos"),
        ([None], {"stage": "never"}, "stage"),
        ([None], {"lon": "x", "lat": "1"}, "lon"),
        ([None], {"lon": "nan", "lat": "1"}, "lon"),
    ],
)
def test_what_is_no_picture_is_named(today: Now, files: list[Any], given: dict[str, str], field: str) -> None:
    uploads = [picture() if each is None else io.BytesIO(each) for each in files]
    answer = send(Program(today.cast.village_clerk), today.report(), *uploads, **given)
    told = is_problem(answer, 400, "invalid")
    assert told["errors"][0]["field"].startswith(field.split(".")[0])


def test_a_check_on_site_needs_a_position(today: Now) -> None:
    incident = today.answered_in_one_go()
    officer = Program(today.cast.supervisor)
    is_problem(send(officer, incident, picture(), stage="check"), 400, "invalid")
    point = today.cast.point(today.cast.grid)
    answer = send(officer, incident, picture(), stage="check", lon=point.x, lat=point.y)
    assert answer.status_code == 201, answer.content
    assert answer.json()["results"][0]["point"]["lon"] == pytest.approx(point.x)


def test_pictures_sent_again_with_the_same_key_are_kept_once(today: Now) -> None:
    incident, clerk = today.report(), Program(today.cast.village_clerk)
    first, again = (send(clerk, incident, picture(), key="pictures-once") for _turn in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    assert IncidentEvent.objects.filter(incident=incident, kind="photo").count() == 1


def test_what_is_no_form_is_refused(today: Now) -> None:
    incident, clerk = today.report(), Program(today.cast.village_clerk)
    url = f"incidents/{incident.number}/photos/"
    is_problem(clerk.post(url, {"stage": "before"}), 415, "media-type")
    answer = clerk.client.post(
        f"/api/v1/{url}", b"rubbish", content_type="multipart/form-data; boundary=x", headers=clerk.headers
    )
    assert answer.status_code == 400
