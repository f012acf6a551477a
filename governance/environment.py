"""Typed values from the environment; a missing or unreadable one stops the start with one sentence."""

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    """The variable as it stands; without a default an absent or empty one is an error."""
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"The environment variable {name} is not set. README.md lists what it means.")
    return default


def flag(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off; anything else is an error."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        result = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if result < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {result}.")
    return result


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Comma-separated words without the blanks around them."""
    value = os.environ.get(name, "")
    if not value:
        return list(default)
    return [word.strip() for word in value.split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """`key=value` pairs separated by commas."""
    result: dict[str, str] = {}
    for word in words(name):
        key, sign, value = word.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise ImproperlyConfigured(f"{name} must read key=value,key=value; {word!r} does not.")
        result[key.strip()] = value.strip()
    return result


def database(name: str) -> dict[str, Any]:
    """Django's settings of the PostGIS database at `postgis://user:password@host:port/name`.

    A socket folder is given as `postgis://user@/name?host=/folder&port=5432`.
    """
    url = urlsplit(text(name))
    if url.scheme not in {"postgis", "postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgis://, not {url.scheme or 'nothing'}://.")
    database_name = unquote(url.path.lstrip("/"))
    if not database_name:
        raise ImproperlyConfigured(f"{name} names no database: postgis://user:password@host:port/database.")
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    try:
        port = str(url.port or "")
    except ValueError:
        raise ImproperlyConfigured(f"{name} has a port that is not a number.") from None
    settings: dict[str, Any] = {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": database_name,
        "USER": unquote(url.username or query.pop("user", "")),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.pop("host", "") or unquote(url.hostname or ""),
        "PORT": query.pop("port", "") or port,
    }
    # A page's query is short: compiling it, or starting helpers for it, takes PostgreSQL longer than answering it.
    options = "-c jit=off -c max_parallel_workers_per_gather=0"
    settings["OPTIONS"] = {"connect_timeout": 5, "options": options, **query}
    return settings


def redis(name: str) -> str:
    """A Redis address: `redis://host:port/number`, `rediss://...` or `unix:///folder/socket?db=number`."""
    value = text(name)
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(f"{name} must begin with redis://, rediss:// or unix://.")
    return value


def one_of(name: str, allowed: tuple[str, ...]) -> str:
    """One of the words of `allowed`, the first where the variable is not set."""
    value = text(name, allowed[0])
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def path_or_port(name: str) -> str:
    """Where something of the same host is reached: a path (`/live/`), a port and a path (`:8001/live/`), or ""."""
    value = text(name, "")
    if value and not re.fullmatch(r"(:\d{1,5})?/([\w.-]+/)*", value):
        raise ImproperlyConfigured(f"{name} must read /path/ or :port/path/, not {value!r}.")
    return value


def broker(address: str) -> str:
    """The same Redis as Celery wants it written: a socket is `redis+socket:///folder/socket?virtual_host=number`."""
    if not address.startswith("unix://"):
        return address
    url = urlsplit(address)
    number = parse_qs(url.query).get("db", ["0"])[-1]
    return f"redis+socket://{url.path}?virtual_host={number}"


def program() -> str:
    """What runs here, in a word or two: `load_units`, `celery`, `gunicorn`."""
    name, *arguments = [Path(sys.argv[0] or "python").name, *sys.argv[1:]]
    if name == "__main__.py":
        name = Path(sys.argv[0]).parent.name
    if name in ("manage.py", "django-admin", "django") and arguments:
        return re.sub(r"[^\w.-]", "", arguments[0])[:40] or name
    return re.sub(r"[^\w.-]", "", name)[:40]


def actor_option() -> str:
    """An option of the database connection that tells the audit trigger which program this is."""
    return f' -c wangge.actor={{"system":"{program()}"}}'
