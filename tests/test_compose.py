"""Dockerfile and docker-compose.yml say what the code says: names, ports, environment, commands."""

import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class

from governance.celery import app as celery_app

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SETTINGS = (ROOT / "governance" / "settings.py").read_text(encoding="utf-8")
KNOWN = set(re.findall(r'environment\.\w+\(\s*"(\w+)"', SETTINGS))
OURS = ("migrate", "web", "live", "worker", "beat", "sweep")


def image_command() -> list[str]:
    """CMD of the image, which web runs."""
    found = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return list(yaml.safe_load(found[-1]))


def command_of(service: str) -> list[str]:
    return list(SERVICES[service].get("command") or image_command())


def test_the_parts_of_a_site_are_all_there() -> None:
    assert set(SERVICES) == {"db", "redis", *OURS}
    assert SERVICES["sweep"]["deploy"]["replicas"] == 2
    assert "deploy" not in SERVICES["beat"], "two beats would double every tick"


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_one_the_settings_read(service: str) -> None:
    given = set(SERVICES[service]["environment"])
    assert given <= KNOWN, given - KNOWN
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS"} <= given


def test_the_image_sets_only_variables_that_are_read() -> None:
    block = re.search(r"^ENV (.*?)\nUSER", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert block is not None
    names = set(re.findall(r"(\w+)=", block[1]))
    assert names - {"PATH", "LANG", "PYTHONUNBUFFERED", "DJANGO_SETTINGS_MODULE"} <= KNOWN


def test_database_and_redis_are_named_and_reached_by_their_service() -> None:
    environment = SERVICES["web"]["environment"]
    database = SERVICES["db"]["environment"]
    assert environment["DATABASE_URL"].endswith(f"@db:5432/{database['POSTGRES_DB']}")
    assert environment["DATABASE_URL"].startswith(f"postgis://{database['POSTGRES_USER']}:")
    assert environment["REDIS_URL"].startswith("redis://redis:6379")
    assert SERVICES["db"]["image"].startswith("postgis/postgis:15")


def test_the_pages_listen_where_the_port_leads() -> None:
    command = image_command()
    port = command[command.index("--bind") + 1].rpartition(":")[2]
    assert f"EXPOSE {port} 8001" in DOCKERFILE
    assert SERVICES["web"]["ports"] == [f"127.0.0.1:8000:{port}"]
    assert f":{port}/healthz" in SERVICES["web"]["healthcheck"]["test"][-1]
    assert "127.0.0.1" in importlib.import_module("governance.settings").ALLOWED_HOSTS


def test_the_live_service_listens_where_its_port_leads_and_writes_no_keys_of_walls_down() -> None:
    command = command_of("live")
    assert command[command.index("--port") + 1] == "8001"
    assert SERVICES["live"]["ports"] == ["127.0.0.1:8001:8001"]
    assert ":8001/live/health" in SERVICES["live"]["healthcheck"]["test"][-1]
    # The address of a wall's stream opens it; a log that holds addresses would hold keys.
    assert "--no-access-log" in command


@pytest.mark.parametrize("service", OURS)
def test_every_command_can_be_started(service: str) -> None:
    command = command_of(service)
    steps = [shlex.split(step) for step in command[2].split("&&")] if command[:2] == ["sh", "-c"] else [command]
    for step in steps:
        _can_be_started(step)


def _can_be_started(command: list[str]) -> None:
    if command[:2] == ["python", "manage.py"]:
        name, *options = command[2:]
        assert name in get_commands(), f"there is no manage.py {name}"
        owner = get_commands()[name]
        known = load_command_class(owner, name) if isinstance(owner, str) else owner
        known.create_parser("manage.py", name).parse_args(options)
    elif command[0] == "celery":
        assert command[1:3] == ["-A", "governance"]
        assert importlib.import_module("governance").celery_app is celery_app
        assert command[3] in {"worker", "beat"}
    elif command[0] == "uvicorn":
        module, name = command[1].split(":")
        assert hasattr(importlib.import_module(module), name)
        uvicorn.main.make_context("uvicorn", command[1:])
    else:
        assert command[:2] == ["gunicorn", "governance.wsgi"]
        assert settings.WSGI_APPLICATION == "governance.wsgi.application"


def test_the_demo_starts_the_same_parts() -> None:
    demo = (ROOT / "script" / "lib" / "demo.py").read_text(encoding="utf-8")
    for service in ("web", "live", "worker", "beat", "sweep"):
        assert f'"{service}"' in demo


def test_every_tick_of_beat_is_a_task_of_the_worker() -> None:
    celery_app.loader.import_default_modules()
    asked = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert asked <= set(celery_app.tasks), asked - set(celery_app.tasks)


def test_the_image_installs_from_the_lock_files_only() -> None:
    installs = [line for line in DOCKERFILE.splitlines() if "pip install" in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in shlex.split(line.rstrip("\\"))
    assert "npm-cli.js ci" in DOCKERFILE


def test_the_lock_files_name_no_host_and_no_path() -> None:
    for name in ("runtime", "dev", "node"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert not re.search(r"://|--index|--find-links|--trusted|^-|file:|/", text, re.MULTILINE), name
        pins = re.findall(r"^[a-z][\w.-]*==", text, re.MULTILINE)
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in re.sub(r'"(funding|url|homepage)": .*', "", (ROOT / "package-lock.json").read_text("utf-8"))
