"""A process that was there before a redraw routes by the old shapes until it is published, by the new ones at once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.utils import timezone

from tests.cast import Cast
from tests.dispatch import processes
from tests.governance.test_redraw import at, code, split
from tests.governance.test_redraw_at_once import story
from tests.governance.test_redraw_lock_order import under_way
from tests.incidents.story import Story

__all__ = ["story"]


@contextmanager
def another_process() -> Iterator[Callable[[float], list[str]]]:
    """Ask a process that stays where a place of the row lies; its connection and its plans stay too."""
    environment = processes.environment()
    asked = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.asking"], cwd=processes.ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
    )  # fmt: skip
    assert asked.stdin is not None and asked.stdout is not None
    given, told = asked.stdin, asked.stdout

    def ask(east: float) -> list[str]:
        given.write("{} {}\n".format(*at(east)))
        given.flush()
        answer: list[str] = json.loads(told.readline())
        return answer

    try:
        yield ask
    finally:
        given.close()
        assert asked.wait(10) == 0, os.strerror(asked.returncode)


def lies_in(number: int, officer: str) -> list[str]:
    return [code(number)] * 3 + [officer]


@pytest.mark.slow
def test_no_process_routes_by_stale_shapes_for_a_moment(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    cast: Cast = story.cast
    plan = split(story).approved()
    before, after = lies_in(2, cast.second_officer.username), lies_in(4, cast.handler.username)
    with another_process() as ask:
        # Often enough for PostgreSQL to keep a plan for good.
        assert [ask(1.9) for _each in range(7)] == [before] * 7
        with under_way(plan, story, monkeypatch) as publication:
            assert ask(1.9) == before, "nothing is published yet"
        assert publication.ended().effective_at <= timezone.now()
        assert ask(1.9) == after
        assert ask(0.5) == lies_in(1, cast.officer.username)
