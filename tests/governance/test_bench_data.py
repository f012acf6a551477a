"""A history by COPY keeps the invariants of the record, and the pages open over it."""

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from dispatch import invariants, notices
from dispatch.models import Assignment, Notice
from governance import benchdata
from governance.benchdata import news
from grids.models import Person
from incidents import lists
from incidents.filters import Filters
from incidents.models import Clock, Incident, IncidentEvent, Inspection, Photo, Unannounced
from incidents.states import OPEN_STATES, State
from tests.incidents.story import Story

GROUND = ("grids", "categories", "calendar", "limits")


def _made(*words: str) -> str:
    said = io.StringIO()
    call_command("make_bench_data", *words, stdout=said)
    return said.getvalue()


@pytest.fixture
def ground(db: None, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's places, people, categories, calendar and limits; no incident."""
    settings.DEMO = True
    monkeypatch.setenv("WANGGE_DEMO_LOGINS", str(tmp_path / "logins.txt"))
    for name in GROUND:
        call_command("load_demo", only=name, stdout=io.StringIO())


@pytest.mark.slow
def test_a_history_of_any_size_keeps_every_invariant_and_the_pages_open_over_it(ground: None, client: Client) -> None:
    said = _made("--incidents", "600")
    assert "every invariant holds" in said
    assert invariants.broken(settled=True) == []
    assert Incident.objects.count() == 600
    still_open = Incident.objects.filter(state__in=OPEN_STATES)
    assert 0.07 <= still_open.count() / 600 <= 0.2
    assert {State.REPORTED, State.ACCEPTED, State.DISPATCHED, State.ANSWERED, State.SUSPENDED, State.CLOSED} <= set(
        Incident.objects.values_list("state", flat=True)
    )
    _shows_all_lights_and_tiers()
    _goes_every_way()
    _reaches_back_and_not_ahead()
    _keeps_constraints_and_triggers()
    _tells_people()
    _shows_photos(client)
    _opens_pages(client)
    assert _with_append() == 650


def _shows_all_lights_and_tiers() -> None:
    leader = Person.objects.get(username="leader")
    lights = lists.count_by(leader, Filters(), "light", now=timezone.now())
    assert {"red", "yellow", "unlit", "suspended"} <= set(lights)
    assert {"village", "town", "district"} == set(lists.count_by(leader, Filters(), "tier", now=timezone.now()))
    assert Assignment.objects.filter(ended_at=None).exists() and Inspection.objects.exists()
    assert Clock.objects.filter(final_light="red").exists()
    texts = Incident.objects.values_list("text", flat=True)
    assert len(set(texts)) > 400 and not any(re.search(r"\d{7,}", text) for text in texts)


def _goes_every_way() -> None:
    kinds = set(IncidentEvent.objects.values_list("kind", flat=True))
    assert {"escalate", "dispatch", "answer", "rework", "suspend", "resume", "dismiss", "reopen"} <= kinds
    assert {"signed", "fed_back", "returned", "recall", "confirmed", "light_yellow", "light_red"} <= kinds


def _reaches_back_and_not_ahead() -> None:
    now = timezone.now()
    assert Incident.objects.filter(reported_at__lt=now - timedelta(days=365)).exists()
    assert not IncidentEvent.objects.filter(occurred_at__gt=now).exists()
    # The order of ids is the order of time, as if it had happened.
    moments = list(IncidentEvent.objects.order_by("pk").values_list("occurred_at", flat=True))
    assert moments == sorted(moments)


def _keeps_constraints_and_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated
            AND conrelid = 'incidents_incident'::regclass""")
        assert cursor.fetchone()[0] >= 12
        cursor.execute("""
            SELECT count(*) FROM pg_trigger WHERE tgrelid = 'incidents_incidentevent'::regclass
            AND NOT tgisinternal AND tgenabled <> 'O'""")
        assert cursor.fetchone()[0] == 0
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'incidents_incident'")
        assert cursor.fetchone()[0] >= 12
    assert not Unannounced.objects.exists()


def _tells_people() -> None:
    told = Notice.objects.select_related("event")
    assert news.odd() == 0
    assert min(notice.event.occurred_at for notice in told) > timezone.now() - timedelta(days=news.DAYS, minutes=1)
    assert 0.02 < told.filter(read_at=None).count() / told.count() < 0.4
    village = Person.objects.get(username="village")
    # What the announcer would say about the newest report of the village, it says.
    report = IncidentEvent.objects.filter(kind="report", holder_after="511111100001").latest("pk")
    wanted = {notice.person_id for notice in notices.notices_of([report], now=timezone.now())}
    assert village.pk in wanted or report.actor_id == village.pk
    assert set(told.filter(event=report).values_list("person_id", flat=True)) == wanted


def _shows_photos(client: Client) -> None:
    assert 20 < Photo.objects.filter(stage="before").count() < 80 and Photo.objects.filter(stage="after").exists()
    assert Photo.objects.values("original").distinct().count() < 25
    shown = Photo.objects.select_related("incident").latest("pk")
    assert all(file.storage.exists(file.name) for file in (shown.original, shown.shown, shown.thumbnail))
    client.force_login(Person.objects.get(username="leader"))
    page = client.get(f"/incidents/{shown.incident.number}/")
    assert str(shown.token) in page.content.decode()


def _opens_pages(client: Client) -> None:
    newest = Incident.objects.latest("pk")
    for username, path in (
        ("district", "/desk/511111/"),
        ("village", "/desk/511111100001/"),
        ("department", "/desk/511111D03/"),
        ("leader", "/incidents/?state=any"),
        ("leader", "/dashboard/"),
        ("village", "/inbox/"),
        ("leader", f"/incidents/{newest.number}/"),
        ("officer", "/today/"),
    ):
        client.force_login(Person.objects.get(username=username))
        assert client.get(path).status_code == 200, path


def _with_append() -> int:
    with pytest.raises(CommandError, match="There are incidents already"):
        _made("--incidents", "50")
    _made("--incidents", "50", "--append", "--seed", "3", "--under", "511111100001")
    fresh = Incident.objects.order_by("-pk")[:50]
    assert all(incident.place_id.startswith("511111100001") for incident in fresh)
    return Incident.objects.count()


@pytest.mark.slow
def test_the_same_seed_tells_the_same_history_up_to_the_same_moment(ground: None) -> None:
    now, seen = timezone.now(), []
    for _time in range(2):
        with transaction.atomic():
            benchdata.make(count=60, under="511111", now=now, seed=7)
            seen.append(list(Incident.objects.order_by("pk").values_list("state", "text", "reported_at", "holder")))
            transaction.set_rollback(True)
    assert seen[0] == seen[1]


@pytest.mark.django_db
def test_a_missing_ground_is_one_line_that_says_what_to_load() -> None:
    with pytest.raises(CommandError, match=r"load the demo's places and people first .*load_demo --only"):
        _made("--incidents", "10")
    assert not Incident.objects.exists()


def test_a_number_below_one_is_refused(story: Story) -> None:
    with pytest.raises(CommandError, match="at least 1"):
        _made("--incidents", "0")


def test_it_needs_no_demo_people_only_places_with_officers(story: Story) -> None:
    """The cast of the tests will do: a district of five grids."""
    assert "every invariant holds" in _made("--incidents", "40")
