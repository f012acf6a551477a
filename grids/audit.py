"""Who acts while something changes, and what of it no trigger can see: sign-ins.

Changes themselves are written by triggers of the database (`grids_audit`), so no door around them exists. A request
tells the database who acts just before it changes a watched table; reading pages and the incidents' hot path, which
has a record of its own, pay nothing.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from grids.models import AuditAct, AuditEntry, Person

Who = Callable[[], dict[str, Any]]


def note(
    *,
    act: AuditAct,
    kind: str,
    object_id: str = "",
    unit: str = "",
    person: int | None = None,
    actor: Person | None = None,
    system: str = "",
    address: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add an entry that no trigger writes. `kind` is the table of the object."""
    AuditEntry(
        act=act, kind=kind, object_id=object_id, unit=unit, person=person, actor=actor, system=system[:80],
        address=address, before=before, after=after,
    ).save(force_insert=True)  # fmt: skip


@contextmanager
def acting(who: Who) -> Iterator[None]:
    """Whatever changes inside of the block is written down as done by `who()`, asked only when something does.

    `who()` gives {"actor": id, "address": text} for a person or {"system": name} for a program.
    """
    with connection.execute_wrapper(_Teller(who)):
        yield


class _Teller:
    """Tells the database who acts before each statement that changes a watched table."""

    def __init__(self, who: Who) -> None:
        self.who = who

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        text = sql if isinstance(sql, str) else str(sql)
        if text[:6].upper() == "SELECT" or not _watched().search(text):
            return execute(sql, params, many, context)
        here = context["connection"]
        # Inside of a transaction the word ends with it; outside it must be taken back.
        local = bool(here.in_atomic_block)
        with here.cursor() as cursor:
            cursor.execute("SELECT set_config('wangge.actor', %s, %s)", [json.dumps(self.who()), local])
        try:
            return execute(sql, params, many, context)
        finally:
            if not local:
                with here.cursor() as cursor:
                    cursor.execute("RESET wangge.actor")


@lru_cache(maxsize=1)
def _watched() -> re.Pattern[str]:
    tables = "|".join(map(re.escape, settings.AUDITED_TABLES))
    return re.compile(rf'\b(?:into|update|from|only)\s+"?(?:{tables})\b', re.IGNORECASE)


def address_of(request: HttpRequest) -> str | None:
    """The address a request comes from: behind our proxy the one the proxy saw last, else the peer's."""
    given = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        given = request.META.get("HTTP_X_FORWARDED_FOR", given).split(",")[-1].strip()
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        # A socket of this machine has no address.
        return None
