"""script/demo refuses in one clear line, before it has touched anything."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout with nothing but the scripts."""
    shutil.copytree(ROOT / "script", tmp_path / "clone" / "script", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "clone"


def demo(clone: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    command = [str(clone / "script" / "demo"), *words]
    return subprocess.run(command, env={**plain, **env}, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_one_line_that_names_the_way_out(clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo(clone, "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == f"script/demo: port {port} is taken; use --port N.\n"
    assert not (clone / ".venv").exists()


def test_reset_never_touches_a_database_that_was_given(clone: Path) -> None:
    done = demo(clone, "--reset", DATABASE_URL="postgis://somebody@db/production")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "DATABASE_URL" in done.stderr


def test_every_word_explains_itself(clone: Path) -> None:
    done = demo(clone, "--help")
    assert done.returncode == 0
    assert "--lan" in done.stdout
