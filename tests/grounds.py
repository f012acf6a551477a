"""The databases tests stand on: copies of one template, so that no test builds again what another has built.

The template is an empty database after all migrations; it stays for later runs until a migration or a model changes.
Of it each process has copies as its tests need them: with nobody, with the cast, with all a story needs. A test in a
transaction leaves no trace there; after one that commits, the tables it touched get their first rows back.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from tests.cast import Cast
from tests.incidents.story import load_reference

CHECKOUT = Path(__file__).resolve().parent.parent
# What decides how a database looks after all migrations: migrations import nothing of ours but models.
SHAPING = ("*/migrations/*.py", "*/models/*.py", "*/models.py", "requirements/*.txt")
EMPTY = (0, 0)
# From so many dead rows on, reading past them costs more than clearing them away.
MANY = 1000


class Ground(StrEnum):
    """What a database holds before the test begins."""

    EMPTY = "empty"
    CAST = "cast"
    STORY = "story"

    @classmethod
    def of(cls, names: list[str]) -> "Ground":
        """The ground for a test with these fixtures."""
        return cls.STORY if "story" in names else cls.CAST if "cast" in names else cls.EMPTY


class FirstRows:
    """What one ground held before any test."""

    def __init__(self) -> None:
        self.marks = _marks()
        self.rows = {table: _copied_out(table) for table, mark in self.marks.items() if mark != EMPTY}

    def bring_back(self) -> None:
        """Undoes what was committed. Rows come and go without triggers: guards would refuse, the audit would tell."""
        now = _marks()
        changed = [table for table, mark in now.items() if mark != self.marks[table]]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in changed:
                cursor.execute(f"DELETE FROM {table}")
                if table in self.rows:
                    cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(self.rows[table]))
        with connection.cursor() as cursor:
            for table in changed:
                if now[table][0] > MANY:
                    cursor.execute(f"VACUUM {table}")
        self.marks = _marks()


class Grounds:
    """The databases of one test process, by name `test_<database>[_<worker>]_<ground>`."""

    def __init__(self) -> None:
        name = f"test_{connection.settings_dict['NAME']}"
        self.template = f"{name}_template"
        self.prefix = "_".join(filter(None, (name, os.environ.get("PYTEST_XDIST_WORKER"))))
        self.first: dict[Ground, FirstRows] = {}
        self.here = Ground.EMPTY

    def begin(self, *, anew: bool) -> None:
        """Makes the template unless it is there, one process after the other, and the empty copy."""
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [self.template])
            query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
            cursor.execute(query, [self.template])
            shape = _shape()
            if anew or cursor.fetchone() != (shape,):
                connection.settings_dict["TEST"]["NAME"] = self.template
                connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                connection.close()
                cursor.execute(f"COMMENT ON DATABASE {_quoted(self.template)} IS '{shape}'")
            self._copy(self.template, self._name(Ground.EMPTY))
        self.stand_on(Ground.EMPTY)
        # Where a browser begins first, the next ground is made from within its loop, whose connections are others.
        connections.close_all()

    def stand_on(self, ground: Ground) -> None:
        """Leads the connection to this ground."""
        if ground not in self.first:
            self._make(ground)
        self._lead_to(ground)

    def tidy(self) -> None:
        """After a test that committed."""
        self.first[self.here].bring_back()

    def end(self) -> None:
        """Drops the copies; the template stays."""
        connections.close_all()
        with connection._nodb_cursor() as cursor:
            for ground in self.first:
                cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(self._name(ground))} WITH (FORCE)")

    def _name(self, ground: Ground) -> str:
        return f"{self.prefix}_{ground}"

    def _make(self, ground: Ground) -> None:
        """The cast stands on the empty ground, and the story on that of the cast."""
        if ground is not Ground.EMPTY:
            below = Ground.CAST if ground is Ground.STORY else Ground.EMPTY
            self.stand_on(below)
            self._copy(self._name(below), self._name(ground))
        self._lead_to(ground)
        if ground is Ground.CAST:
            Cast.make()
        elif ground is Ground.STORY:
            load_reference()
        self.first[ground] = FirstRows()

    def _lead_to(self, ground: Ground) -> None:
        name = self._name(ground)
        if connection.settings_dict["NAME"] != name:
            connections.close_all()
            settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
        self.here = ground

    def _copy(self, source: str, target: str) -> None:
        """A copy in place of one that a killed run left behind."""
        connections.close_all()
        with connection._nodb_cursor() as cursor:
            # Once a browser's loop runs, a connection from before it is out of reach, and nobody's any more.
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
            cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(target)} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {_quoted(target)} TEMPLATE {_quoted(source)}")
            # Only a test's database lets its append-only tables be emptied.
            cursor.execute(f"ALTER DATABASE {_quoted(target)} SET wangge.allow_truncate = 'on'")


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _tables() -> list[str]:
    """All tables of ours and Django's."""
    query = (
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [table for (table,) in cursor.fetchall()]


def _marks() -> dict[str, tuple[int, int]]:
    """By table, how many rows it has and which transaction wrote the youngest: no change leaves both as they were."""
    each = "SELECT '{0}', count(*), coalesce(max(xmin::text::bigint), 0) FROM {0}"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each.format(table) for table in _tables()))
        return {table: (count, youngest) for table, count, youngest in cursor.fetchall()}


def _copied_out(table: str) -> str:
    out = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} TO STDOUT", out)
    return out.getvalue()


def _shape() -> str:
    """One hash over everything that shapes the template."""
    result = hashlib.sha256()
    for file in sorted(path for pattern in SHAPING for path in CHECKOUT.glob(pattern)):
        result.update(str(file).encode() + file.read_bytes())
    return result.hexdigest()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker, django_db_createdb: bool
) -> Iterator[Grounds]:
    """In place of pytest-django's one database per process: copies of a template, of which only changes are undone."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        grounds = Grounds()
        grounds.begin(anew=django_db_createdb)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: grounds.tidy())
        yield grounds
        grounds.end()


@pytest.fixture
def _django_db_helper(request: pytest.FixtureRequest, _ground: None, _django_db_helper: None) -> None:
    """Here pytest-django opens a test's transaction: not before the connection leads to the right ground."""


@pytest.fixture
def _ground(request: pytest.FixtureRequest, django_db_setup: Grounds, django_db_blocker: DjangoDbBlocker) -> None:
    """The database this test stands on, by the fixtures it asks for."""
    with django_db_blocker.unblock():
        django_db_setup.stand_on(Ground.of(request.fixturenames))
