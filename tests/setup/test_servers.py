"""The private servers start, are found again after a crash, and leave nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
import redis
import servers

LIB = Path(__file__).resolve().parents[2] / "script" / "lib"
START_AND_HANG = """
import sys, time
from pathlib import Path
from servers import Servers
mine = Servers(Path(sys.argv[1]), durable=False)
mine.start()
print(mine.sockets, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A scratch folder that the servers' own user may enter."""
    path = Path(tempfile.mkdtemp(prefix="wangge-servers-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def ask(url: str) -> str:
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    connection = psycopg2.connect(host=host, user=parts.username, dbname=parts.path.lstrip("/"))
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            cursor.execute("SELECT datcollate || ' ' || current_setting('listen_addresses') FROM pg_database LIMIT 1")
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


@pytest.mark.slow
def test_both_answer_and_afterwards_nothing_is_left(folder: Path) -> None:
    mine = servers.Servers(folder, durable=False)
    mine.start()
    try:
        assert len(f"{mine.sockets}/.s.PGSQL.5432") < 107
        assert ask(mine.database_url) == "C.UTF-8 "
        assert redis.Redis.from_url(mine.redis_url).ping()
        pids = [child.process.pid for child in mine.children]
    finally:
        mine.stop()
    assert not mine.sockets.exists()
    assert not mine.record.exists()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.slow
def test_after_a_kill_the_servers_end_and_the_next_start_works(folder: Path) -> None:
    command = [sys.executable, "-c", START_AND_HANG, str(folder)]
    starter = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(LIB)}, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    left = Path(starter.stdout.readline().strip())
    assert left.is_dir()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    mine = servers.Servers(folder, durable=False)
    mine.start()
    try:
        assert ask(mine.database_url)
        assert not left.exists()
    finally:
        mine.stop()


@pytest.mark.slow
def test_a_half_made_database_folder_is_made_again(folder: Path) -> None:
    half = folder / "postgres.part"
    half.mkdir()
    (half / "PG_VERSION").write_text("15\n", encoding="utf-8")
    mine = servers.Servers(folder, durable=False)
    mine.start()
    try:
        assert ask(mine.database_url)
        assert not half.exists()
    finally:
        mine.stop()


def test_a_stranger_with_our_old_number_is_left_alone(folder: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        mine = servers.Servers(folder)
        mine.record.write_text(f'{{"sockets": "/tmp/wangge-gone", "Redis": {stranger.pid}}}', encoding="utf-8")
        mine.end_left_behind()
        time.sleep(0.2)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
