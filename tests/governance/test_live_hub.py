"""What one process hands to whom, without Redis, database or clock."""

import json
from typing import Any

import pytest

from governance.live.admission import Viewer
from governance.live.door import Asked
from governance.live.hub import QUEUED, STREAMS_EACH, Entry, Full, Hub, Signal, Stream, parsed

VILLAGE = Viewer(name="person 1", maker=1, prefixes=("511111100001",), until=0.0, person=1)
WALL = Viewer(name="key 5", maker=9, prefixes=("511111",), until=0.0, key=5)


def event(at: int, **more: Any) -> Entry:
    said = {"t": "event", "e": at, "i": 7, "k": "report", "d": "511111", "p": "511111100001001", "u": [], "m": 1}
    return Entry.read((at, 0), json.dumps(said | more))


def said(stream: Stream) -> list[str]:
    """The names of what waits for the stream; signals by theirs."""
    found = []
    while not stream.queue.empty():
        item = stream.queue.get_nowait()
        found += [item.name] if isinstance(item, Signal) else [
            line.removeprefix("event: ") for line in item.decode().split("\n") if line.startswith("event: ")
        ]  # fmt: skip
    return found


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.begin([event(at) for at in (100, 200, 300)], now=(400, 0))
    return hub


def test_a_page_gets_what_was_written_after_it_was_made_and_nothing_twice(hub: Hub) -> None:
    assert said(hub.join(VILLAGE, (200, 0))) == ["happened", "hello"]
    assert said(hub.join(VILLAGE, (300, 0))) == ["hello"]
    assert said(hub.join(VILLAGE, None)) == ["hello"]
    assert said(hub.join(VILLAGE, (99, 0))) == ["reset", "hello"]


def test_what_came_while_nobody_could_write_is_asked_for_by_whoever_comes_back_later(hub: Hub) -> None:
    hub.take([Entry.read((500, 0), '{"t": "lost"}'), event(600)])
    assert said(hub.join(VILLAGE, (300, 0))) == ["reset", "hello"]
    assert said(hub.join(VILLAGE, (500, 0))) == ["happened", "hello"]


def test_a_full_queue_ends_the_stream_and_no_event_alone(hub: Hub) -> None:
    stream = hub.join(VILLAGE, None)
    for at in range(QUEUED + 1):
        hub.take([event(1000 + at)])
    assert said(stream) == ["END"]
    assert stream.is_over


def test_an_event_is_heard_by_place_by_unit_in_sight_and_by_who_took_the_report(hub: Hub) -> None:
    stream = hub.join(VILLAGE, None)
    said(stream)
    far = {"p": "511111101001001"}
    hub.take([event(500, **far)])
    assert said(stream) == []
    hub.take([event(501, **far, f=1)])
    hub.take([event(502, **far, u=["511111100001"])])
    assert said(stream) == ["happened", "happened"]
    # A unit that is only named in it has nothing in sight by that.
    hub.take([event(503, **far, n=["511111100001"])])
    assert said(stream) == []


def test_those_whose_rights_changed_are_looked_at_again_and_nobody_else(hub: Hub) -> None:
    person, wall = hub.join(VILLAGE, None), hub.join(WALL, None)
    said(person), said(wall)
    hub.take([Entry.read((500, 0), '{"t": "people", "of": [1]}')])
    assert (said(person), said(wall)) == (["LOOK_AGAIN"], [])
    hub.take([Entry.read((501, 0), '{"t": "people", "of": [9]}'), Entry.read((502, 0), '{"t": "key", "of": 5}')])
    assert (said(person), said(wall)) == ([], ["LOOK_AGAIN", "LOOK_AGAIN"])
    # Too many to name: everybody.
    hub.take([Entry.read((503, 0), '{"t": "people", "of": []}')])
    assert (said(person), said(wall)) == (["LOOK_AGAIN"], ["LOOK_AGAIN"])


def test_an_ending_service_and_too_many_streams_let_nobody_in(hub: Hub) -> None:
    streams = [hub.join(VILLAGE, None) for _number in range(STREAMS_EACH)]
    with pytest.raises(Full):
        hub.join(VILLAGE, None)
    hub.join(WALL, None)
    hub.end()
    assert said(streams[0]) == ["END"]
    hub.leave(streams[0])
    with pytest.raises(Full):
        hub.join(VILLAGE, None)


@pytest.mark.parametrize("text", ["x", "1-2-3", "9" * 16, "99999999999999"])
def test_who_comes_back_with_an_id_nobody_gave_asks_for_everything_anew(hub: Hub, text: str) -> None:
    for asked in (Asked("GET", "/live/", {"last-event-id": text}, {}), Asked("GET", "/live/", {}, {"after": [text]})):
        assert said(hub.join(VILLAGE, asked.after))[0] == "reset"
    assert Asked("GET", "/live/", {}, {}).after is None


@pytest.mark.parametrize("text", ["", "x", "-1", "1-", "1-2-3", "１", "9" * 16, "1-x", " 1"])
def test_an_id_that_is_none_is_taken_for_none(text: str) -> None:
    assert parsed(text) is None
    assert parsed("1795-3") == (1795, 3)
    assert parsed("1795") == (1795, 0)
