"""An escalation, a publication whose process dies between any two of its statements: all of it stands, or nothing."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from dispatch import invariants, notices
from dispatch.models import Notice
from incidents.models import Incident, Unannounced
from incidents.states import Stage
from tests.dispatch import processes
from tests.dispatch.play import Play
from tests.governance.test_redraw import code, report, split

SECOND = timedelta(seconds=1)
PATIENCE_SECONDS = 240


def die(work: str, moment: datetime, folder: Path, *, every: int = 1) -> list[dict[str, Any]]:
    """What stood there after each try of `work`, killed `every` so many statements later each time; the last lived."""
    log, told = folder / "dying.log", folder / "told"
    dying = processes.start("-m", "tests.crash.dying", work, moment.isoformat(), str(every), str(told), log=log)
    with processes.running(dying):
        assert dying.wait(PATIENCE_SECONDS) == 0, log.read_text()[-3000:]
    tries = [json.loads(line) for line in told.read_text().splitlines()]
    assert tries[-1]["code"] == 0 and all(one["killed"] for one in tries[:-1]), log.read_text()[-3000:]
    return tries


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sw_8_killed_between_any_two_statements_an_escalation_happened_wholly_or_not_at_all(
    play: Play, tmp_path: Path
) -> None:
    incident = play.report()
    late = play.clock(incident, Stage.ACCEPT).due_at + SECOND
    tries = die("sweep", late, tmp_path)

    record = [tuple(one[name] for name in ("kinds", "moved", "clocks", "sights")) for one in map(_firm, tries)]
    before, after = record[0], record[-1]
    assert set(record) == {before, after}, "wholly or not at all"
    assert record.count(before) >= 10, "it died in the middle of it many times"
    assert before[0] == ("report",) and after[0] == ("report", "light_yellow", "light_red", "escalate")
    assert play.fresh(incident).holder == play.cast.town
    # Whoever was told of it was told of all of it.
    heard = {(one["waiting"], one["notices"]) for one in tries if len(one["kinds"]) == 4}
    assert len(heard) == 2 and min(heard) == (0, Notice.objects.count()) and max(heard)[1] == 0
    assert not Unannounced.objects.exists() and Incident.objects.count() == 1
    names = ("lights_are_on_record", "next_step_is_the_next_one")
    assert [str(one) for one in invariants.broken(names=names)] == []


def _firm(one: dict[str, object]) -> dict[str, object]:
    return one | {"kinds": tuple(one["kinds"])}  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_publication_killed_at_any_of_its_statements_is_taken_up_again_and_told_of_once(
    play: Play, tmp_path: Path
) -> None:
    """The plan waits for its moment; whoever dies at it leaves it waiting, and the next one publishes it."""
    play.now = timezone.now()
    incident, moment = report(play, 1.9), play.now + timedelta(minutes=1)
    plan = split(play).approved(publish_at=moment)
    notices.announce_until_done(now=play.now)
    tries = die("publish", moment, tmp_path, every=9)

    firm = ("plans", "units", "areas", "posts", "places", "record", "traces", "said")
    record = [json.dumps([one[name] for name in firm]) for one in tries]
    assert record == sorted(record, key=record.index) and len(set(record)) == 2, "wholly or not at all"
    before = record.count(record[0])
    assert before >= 8, "it died in the middle of it many times"
    assert tries[0]["plans"] == [["published", ""], ["approved", ""]]
    done = tries[-1]
    assert (done["plans"], done["said"]) == ([["published", ""], ["published", ""]], 1)
    assert {code(3), code(4)} <= set(done["units"]) and code(2) not in done["units"]
    assert Incident.objects.get(pk=incident.pk).place_id == code(4)
    # Whoever was told of it was told once, however often telling died.
    told = Notice.objects.filter(house_event__plan=plan, house_event__kind="plan_published")
    assert done["told"] == told.count() == told.values("person").distinct().count() > 0
    assert {one["told"] for one in tries} == {0, done["told"]}
