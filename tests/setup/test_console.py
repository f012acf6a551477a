"""What the five words say when something goes wrong."""

from pathlib import Path

import console
import pytest


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        ("a\nOSError: [Errno 28] No space left on device\nmore", "the disk is full; free some space and run it again"),
        ("Traceback (most recent call last):\n  x\nValueError: no such grid\ndone", "ValueError: no such grid"),
        ("Reading\nE: Unable to locate package x\nbye", "E: Unable to locate package x"),
        ("one\ntwo\n\n", "two"),
        ("", ""),
    ],
)
def test_the_reason_is_the_line_that_tells_most(tmp_path: Path, log: str, wanted: str) -> None:
    file = tmp_path / "x.log"
    file.write_text(log, encoding="utf-8")
    assert console.reason(file) == wanted


def test_a_command_that_fails_stops_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(console.Stop) as caught:
        console.run(["sh", "-c", "echo E: broken >&2; exit 3"], log=tmp_path / "l" / "x.log", what="it failed")
    assert str(caught.value) == f"it failed: E: broken (more in {tmp_path / 'l' / 'x.log'})"


def test_only_what_this_run_said_is_searched_for_the_reason(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("No space left on device\n", encoding="utf-8")
    with pytest.raises(console.Stop, match="exit code 4"):
        console.run(["sh", "-c", "exit 4"], log=log, what="it failed")


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(console.Stop, match="no-such-program is not there"):
        console.run(["no-such-program"], log=tmp_path / "x.log", what="it failed")


def test_a_stop_becomes_one_line_and_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    def stop() -> int:
        raise console.Stop("the port is taken")

    with pytest.raises(SystemExit) as caught:
        console.finish(stop, "demo")
    assert caught.value.code == 1
    assert capsys.readouterr().err == "script/demo: the port is taken\n"


def test_a_full_disk_becomes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fill() -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(SystemExit) as caught:
        console.finish(fill, "setup")
    assert caught.value.code == 1
    assert capsys.readouterr().err == "script/setup: the disk is full; free some space and run it again.\n"
