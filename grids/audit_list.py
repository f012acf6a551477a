"""What the audit list shows to whom, in words: names instead of codes, fields and values as the pages call them."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import DateTimeRangeField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import permissions
from grids.administration import LABELS
from grids.duties import Right
from grids.levels import widest
from grids.models import AuditAct, AuditEntry, Person, Post, Unit
from grids.subtrees import within

DISTRICT_DIGITS = 6
_MOST_NAMED = 200
_DATABASE = "database: "
# Texts shipped with the house stand in English in their rows.
_SHIPPED = frozenset({"basis"})
_STAMP = re.compile(r'"([^"]+)"|,\)')
SIGNING = frozenset({AuditAct.SIGNED_IN, AuditAct.SIGNED_OUT, AuditAct.IDLED_OUT, AuditAct.REFUSED, AuditAct.LOCKED,
                     AuditAct.UNLOCKED})  # fmt: skip


def read_by(person: Person, *, now: datetime) -> list[str]:
    """The units whose list `person` may read: administered or audited by them, few prefixes; `[""]` for a superuser."""
    if person.is_superuser:
        return [""]
    rights = (Right.ADMINISTER, Right.AUDIT)
    return widest([code for right in rights for code in permissions.units_with_right(person, right, now=now)])


def entries_under(codes: list[str]) -> "QuerySet[AuditEntry]":
    """What concerns these units and the people who serve or served them.

    What all share (common limits, names that do not exist) is for those who read a district as a whole.
    """
    if "" in codes:
        return AuditEntry.objects.all()
    served = Post.objects.filter(within(codes, "unit"), person=OuterRef("person"))
    seen: Any = within(codes, "unit") | Q(Q(unit="", person__isnull=False), Exists(served))
    if any(len(code) <= DISTRICT_DIGITS for code in codes):
        anywhere = Post.objects.filter(person=OuterRef("person"))
        seen |= Q(unit="", person__isnull=True) | Q(Q(unit="", person__isnull=False), ~Exists(anywhere))
    return AuditEntry.objects.filter(seen)


@dataclass(frozen=True)
class Question:
    """What is asked of the list; empty means anything."""

    words: str = ""
    kind: str = ""
    act: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None


def found(codes: list[str], asked: Question) -> "QuerySet[AuditEntry]":
    """The entries in sight that answer the question, the newest first."""
    entries = entries_under(codes).select_related("actor").order_by("-pk")
    if asked.words:
        entries = entries.filter(_named(asked.words))
    if asked.kind:
        # Signing in and out is told of people; it is a kind of its own to whoever reads.
        signing = Q(act__in=sorted(SIGNING))
        entries = entries.filter(signing) if asked.kind == "signing" else entries.filter(~signing, kind=asked.kind)
    if asked.act:
        entries = entries.filter(act=asked.act)
    if asked.since:
        entries = entries.filter(at__gte=_midnight(asked.since))
    if asked.until:
        entries = entries.filter(at__lt=_midnight(asked.until + timedelta(days=1)))
    return entries.filter(pk__lt=asked.before) if asked.before else entries


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())


def _named(words: str) -> Q:
    """Entries by or about people and units so called, from an address, or by a program."""
    words = words.replace("\0", " ").strip()
    people = Person.objects.filter(Q(full_name__icontains=words) | Q(username__iexact=words))
    ids = list(people.values_list("pk", flat=True)[:_MOST_NAMED])
    units = Unit.objects.filter(Q(name__icontains=words) | Q(short_name=words) | Q(pk=words))
    codes = list(units.values_list("pk", flat=True)[:_MOST_NAMED])
    return (
        Q(actor__in=ids) | Q(person__in=ids) | Q(unit__in=codes) | Q(system__icontains=words) | Q(object_id=words)
    )  # fmt: skip


@lru_cache(maxsize=1)
def tables() -> dict[str, type[models.Model]]:
    """The model of each table of the installation."""
    return {model._meta.db_table: model for model in apps.get_models()}


def kind_label(kind: str) -> str:
    """What the pages call the objects of a table."""
    if kind == "knox_authtoken":
        return _("token of a program")
    model = tables().get(kind)
    return str(model._meta.verbose_name) if model else kind


@dataclass(frozen=True)
class Difference:
    """One column that differs, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Row:
    """One entry in words."""

    entry: AuditEntry
    who: str
    act: str
    kind: str
    label: str
    url: str
    differences: list[Difference]

    @property
    def is_change(self) -> bool:
        return self.entry.before is not None


def rows(entries: Iterable[AuditEntry], *, may_open_admin: bool = False) -> list[Row]:
    """The entries in words; a few queries for all names together."""
    listed = list(entries)
    names = _Names(listed)
    return [_row(entry, names, may_open_admin) for entry in listed]


class _Names:
    """The names of everything the entries refer to, looked up by kind at once."""

    def __init__(self, entries: list[AuditEntry]) -> None:
        wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
        for entry in entries:
            model = tables().get(entry.kind)
            if entry.unit:
                wanted[Unit].add(entry.unit)
            if entry.person is not None:
                wanted[Person].add(entry.person)
            if model is not None and entry.object_id and model not in (Unit, Person):
                wanted[model].add(entry.object_id)
            for column, value in (*(entry.before or {}).items(), *(entry.after or {}).items()):
                target = _target(model, column)
                if target is not None:
                    wanted[target] |= {
                        each.get(column) for each in (entry.before or {}, entry.after or {}, {column: value})
                    }
        self.found: dict[type[models.Model], dict[str, str]] = {}
        for target, keys in wanted.items():
            rows = target._default_manager.filter(pk__in=[key for key in keys if key not in (None, "")])
            if target is Post:
                rows = rows.select_related("unit", "person")
            self.found[target] = {str(row.pk): _called(row) for row in rows}

    def of(self, model: type[models.Model] | None, key: Any) -> str:
        return self.found.get(model, {}).get(str(key), "") if model is not None else ""


def _called(row: models.Model) -> str:
    if isinstance(row, Post):
        return f"{row.person} · {row.get_duty_display()} · {row.unit}"
    return str(row)


def _field(model: type[models.Model] | None, column: str) -> "models.Field[Any, Any] | None":
    if model is None:
        return None
    try:
        return next(field for field in model._meta.concrete_fields if field.column == column)
    except (FieldDoesNotExist, StopIteration):
        return None


def _target(model: type[models.Model] | None, column: str) -> type[models.Model] | None:
    field = _field(model, column)
    return field.related_model if field is not None and field.is_relation else None  # type: ignore[return-value]


def _row(entry: AuditEntry, names: _Names, may_open_admin: bool) -> Row:
    model = tables().get(entry.kind)
    label = names.of(model, entry.object_id)
    if not label or model is Person:
        label = names.of(Person, entry.person) or label
    if model is Unit:
        label = names.of(Unit, entry.object_id)
    if not label:
        label = " · ".join(filter(None, (names.of(Person, entry.person), names.of(Unit, entry.unit))))
    return Row(
        entry=entry,
        who=_who(entry),
        act=str(AuditAct(entry.act).label) if entry.act in AuditAct.values else entry.act,
        kind=_("account") if entry.act in SIGNING else kind_label(entry.kind),
        label=label,
        url=_url(entry, may_open_admin),
        differences=_differences(entry, model, names),
    )


def _who(entry: AuditEntry) -> str:
    """A person; a program, which the database names where nobody else did; or somebody who has not signed in."""
    if entry.actor:
        return str(entry.actor)
    role = entry.system.removeprefix(_DATABASE)
    if role != entry.system:
        return _("directly in the database (%(role)s)") % {"role": role}
    return _("program %(name)s") % {"name": role} if role else _("nobody signed in")


def _differences(entry: AuditEntry, model: type[models.Model] | None, names: _Names) -> list[Difference]:
    before, after = entry.before or {}, entry.after or {}
    keys = [key for key in {**before, **after} if key not in ("id", "code") or entry.before is not None]
    shown = []
    for key in keys:
        field = _field(model, key)
        was, now_is = (_value(field, key, values, names) for values in (before, after))
        if was or now_is:
            shown.append(Difference(_label(field, key), was, now_is))
    return shown


# What notes beside the triggers say, in words.
def _label(field: "models.Field[Any, Any] | None", key: str) -> str:
    if field is not None:
        # A column without words of its own calls itself by its name.
        plain = str(field.verbose_name) == field.name.replace("_", " ")
        name = str(LABELS.get(field.name, field.verbose_name) if plain else field.verbose_name)
        return name[:1].upper() + name[1:]
    said = {
        "username": _("User name"),
        "address": _("network address"),
        "rows": _("rows"),
        "filters": _("filters"),
        "reason": _("reason"),
        "hours": _("work periods"),
        "days": _("days that change"),
    }
    return said.get(key, key)


def _value(field: "models.Field[Any, Any] | None", key: str, values: dict[str, Any], names: _Names) -> str:
    value = values.get(key)
    if value in (None, ""):
        return ""
    if value == "***":
        return _("(not shown)")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field is None:
        return str(value)
    if field.is_relation:
        name = names.of(field.related_model, value)  # type: ignore[arg-type]
        return name or str(value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, DateTimeRangeField):
        return _period(str(value))
    if isinstance(field, models.DateTimeField):
        return _moment(str(value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _(value) if key in _SHIPPED else str(value)


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return timezone.localtime(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).strftime("%Y-%m-%d %H:%M")


def _period(text: str) -> str:
    """`["2026-01-01 00:00:00+08",)` as two moments."""
    if text == "empty":
        return _("never in force")
    moments = [_moment(found.group(1)) if found.group(1) else "" for found in _STAMP.finditer(text)]
    return " – ".join(moments[:2])


def _url(entry: AuditEntry, may_open_admin: bool) -> str:
    """The page of the object, or of the person or unit it is about."""
    if entry.kind == "grids_person" and entry.person is not None:
        return reverse("grids:person", args=[entry.person])
    if entry.unit and entry.kind.startswith("grids_"):
        return reverse("grids:unit", args=[entry.unit])
    if may_open_admin and entry.object_id:
        try:
            return reverse(f"admin:{entry.kind}_change", args=[entry.object_id])
        except NoReverseMatch:
            return ""
    return reverse("grids:person", args=[entry.person]) if entry.person is not None else ""
