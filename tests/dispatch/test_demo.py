"""The demo's sample incidents: every state and light, told through the ordinary doors, once."""

import io
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from dispatch import demo
from dispatch.models import Assignment, AssignmentState, Notice
from dispatch.simulation import pictures
from grids.models import Person
from incidents import lists, photos
from incidents.lists import Filters
from incidents.models import Incident, IncidentEvent, Unannounced
from incidents.states import MOVES, State
from tests.cast import SHANGHAI

TEXTS = Path(demo.__file__).parent / "texts.csv"


@pytest.mark.slow
@pytest.mark.django_db
def test_the_demo_shows_every_state_and_light_and_is_told_once(
    settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path
    now = datetime(2026, 11, 22, 10, 40, tzinfo=SHANGHAI)  # a Sunday: working clocks stand still, lights still show
    monkeypatch.setenv("WANGGE_DEMO_LOGINS", str(tmp_path / "logins.txt"))
    monkeypatch.setattr(timezone, "now", lambda: now)
    call_command("load_demo", stdout=io.StringIO())

    leader = Person.objects.get(username="leader")
    assert 120 <= Incident.objects.count() <= 160
    assert {state.value for state in State} == set(Incident.objects.values_list("state", flat=True))
    open_lights = lists.count_by(leader, Filters(), "light", now=now)
    assert {"red", "yellow", "unlit", "suspended"} <= set(open_lights)
    ended = lists.count_by(leader, Filters(states=frozenset({State.CLOSED})), "light", now=now)
    assert ended["green"] > 20
    tiers = lists.count_by(leader, Filters(), "tier", now=now)
    assert {"village", "town", "district"} == set(tiers)
    orders = Counter(Assignment.objects.values_list("state", flat=True))
    assert {AssignmentState.CALLED, AssignmentState.SIGNED, AssignmentState.FED_BACK, AssignmentState.RETURNED} <= set(
        orders
    )
    # The clock alone carried some of them up.
    assert IncidentEvent.objects.filter(kind="escalate", actor=None).count() >= 5
    assert not IncidentEvent.objects.filter(occurred_at__gt=now).exists()
    assert not Unannounced.objects.exists() and Notice.objects.filter(read_at=None).exists()
    # Whoever is remembered finds something to do.
    for holder in ("511111100001", "511111100", "511111"):
        assert Incident.objects.filter(holder=holder, closed_at=None).exists()
    assert Assignment.objects.filter(unit="511111D03", ended_at=None).exists()

    before = IncidentEvent.objects.count()
    assert demo.load(now=now + timedelta(hours=1)) == ["incidents: samples are there already"]
    assert IncidentEvent.objects.count() == before


@pytest.mark.django_db
def test_without_a_district_there_is_nothing_to_tell() -> None:
    assert demo.load(now=timezone.now()) == ["incidents: no district to tell about"]


def test_the_texts_name_no_person_and_no_number_of_anybody() -> None:
    text = TEXTS.read_text(encoding="utf-8")
    assert not re.search(r"\d{7,}", text), "a phone or an identity number"
    assert not re.search(r"[某先女][某生士]", text)


@pytest.mark.parametrize("after", [False, True])
def test_every_scene_can_be_drawn_and_read_again(after: bool) -> None:
    import random

    for scene in [*pictures.MATTER, "people"]:
        picture = photos.check(pictures.draw(scene, after=after, dice=random.Random(1)))
        assert (picture.width, picture.height) == pictures.SIZE and picture.point is None


def test_the_moves_of_the_plots_exist() -> None:
    source = (Path(demo.__file__).parent / "plots.py").read_text(encoding="utf-8")
    named = set(re.findall(r'at_holder\(\s*\w+, "(\w+)"', source))
    assert {"accept", "escalate", "answer", "close"} <= named
    assert named <= set(MOVES) | {"ask_suspend", "ask_void", "replace"}
