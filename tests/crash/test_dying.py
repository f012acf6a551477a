"""One escalation whose process dies between any two of its statements: all of it stands there or nothing."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch import invariants
from dispatch.models import Notice
from incidents.models import Incident, Unannounced
from incidents.states import Stage
from tests.dispatch import processes
from tests.dispatch.play import Play

SECOND = timedelta(seconds=1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sw_8_killed_between_any_two_statements_an_escalation_happened_wholly_or_not_at_all(
    play: Play, tmp_path: Path
) -> None:
    incident = play.report()
    late = play.clock(incident, Stage.ACCEPT).due_at + SECOND
    log, told = tmp_path / "dying.log", tmp_path / "told"
    dying = processes.start("-m", "tests.crash.dying", late.isoformat(), str(told), log=log)
    with processes.running(dying):
        assert dying.wait(90) == 0, log.read_text()[-3000:]
    tries = [json.loads(line) for line in told.read_text().splitlines()]
    assert tries[-1]["code"] == 0 and all(one["killed"] for one in tries[:-1]), log.read_text()[-3000:]

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
