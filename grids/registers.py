"""Registers of units as CSV files: read, checked line by line, written all or nothing."""

import csv
import gzip
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _

from grids import hierarchy
from grids.hierarchy import NewUnit
from grids.levels import CODE_LENGTHS, TIER_ORDER, TOP_KINDS, GridKind, UnitKind, kind_of_code, parent_code, unpadded
from grids.models import Unit
from grids.names import short_name_of

REQUIRED = ("code", "parent_code", "level", "name")
OPTIONAL = ("grid_kind", "short_name", "duty_phone")
_LEVELS: dict[str, UnitKind] = {**{kind.value: kind for kind in UnitKind}, "county": UnitKind.DISTRICT}
_PADDED = 12
_LOCK_CLASS = 0x6775  # "gu": the first half of PostgreSQL's two-part advisory lock
_MOST_LETTERS = {"name": 100, "short_name": 30, "duty_phone": 30}
# Control and invisible formatting characters; private ones stay, as old registers hold rare characters that way.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOT_A_CHARACTER = "\ufffd"


@dataclass(frozen=True, order=True)
class LineFault:
    """Why one line of the file cannot be loaded; line 1 is the header."""

    line: int
    reason: str

    def __str__(self) -> str:
        return _("line %(line)d: %(reason)s") % {"line": self.line, "reason": self.reason}


class RegisterRefused(Exception):
    """Nothing was loaded; `faults` names every bad line."""

    def __init__(self, faults: list[LineFault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass
class Loaded:
    """What a load did: codes created, (code, old name, new name) renamed, codes otherwise changed, and how many not."""

    created: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True)
class _Line:
    number: int
    unit: NewUnit
    parent: str | None


def read_bytes(path: Path) -> bytes:
    """The file's content, unpacked if it is gzip. Raises RegisterRefused if it is damaged or cannot be read."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except PermissionError as error:
        raise RegisterRefused([LineFault(1, _("The file may not be read."))]) from error
    except (OSError, EOFError, zlib.error) as error:
        raise RegisterRefused([LineFault(1, _("The gzip file is damaged."))]) from error


def read_text(path: Path) -> str:
    """The file's text without a byte-order mark. Raises RegisterRefused if it is not UTF-8."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RegisterRefused([LineFault(line, _not_utf8())]) from error


def _not_utf8() -> str:
    return _("not UTF-8 text: save the file as UTF-8.")


@transaction.atomic
def load(*, path: Path, now: datetime) -> Loaded:
    """Create or rename the units of a register. Running it again changes nothing.

    Raises RegisterRefused with every bad line, and then nothing was written.
    """
    with connection.cursor() as cursor:
        # One load at a time: the second finds what the first wrote.
        cursor.execute("select pg_advisory_xact_lock(%s, 0)", [_LOCK_CLASS])
    # A line that is not UTF-8 is one bad line among others: its bytes come through marked and are found below.
    lines, faults, spoilt = _parsed(read_bytes(path).decode("utf-8-sig", errors="surrogateescape"))
    existing = {unit.pk: unit for unit in Unit.objects.filter(pk__in=_concerned(lines))}
    faults += _against_the_tree(lines, existing, spoilt)
    if faults:
        raise RegisterRefused(faults)
    done = Loaded()
    fresh = [
        replace(line.unit, short_name=line.unit.short_name or short_name_of(line.unit.name))
        for line in lines
        if line.unit.code not in existing
    ]
    done.created = [unit.pk for unit in hierarchy.create_units(units=fresh, now=now)]
    changed = [_updated(existing[line.unit.code], line, done) for line in lines if line.unit.code in existing]
    rows = [unit for unit in changed if unit is not None]
    Unit.objects.bulk_update(rows, ["name", "short_name", "grid_kind", "duty_phone", "parent"], batch_size=1000)
    return done


def _parsed(text: str) -> tuple[list[_Line], list[LineFault], set[str]]:
    """The good lines, why each of the others is bad, and the codes on those.

    Each line stands by itself: no field goes on on the next.
    """
    rows = rows_of(text)
    number, _text, header = next(rows, (1, "", []))
    fault = header if isinstance(header, str) else header_fault(header, REQUIRED, OPTIONAL)
    if isinstance(header, str) or fault:
        raise RegisterRefused([LineFault(number, fault or "")])
    lines: list[_Line] = []
    faults: list[LineFault] = []
    seen: dict[str, int] = {}
    column = header.index("code")
    spoilt: set[str] = set()
    for number, text, row in rows:
        line = row if isinstance(row, str) else _line(number, header, row)
        if isinstance(line, str):
            faults.append(LineFault(number, line))
            spoilt |= {unpadded(part.strip(' "')) for part in text.split(",")[column : column + 1]}
        elif line.unit.code in seen:
            words = {"code": line.unit.code, "line": seen[line.unit.code]}
            faults.append(LineFault(number, _("%(code)s stands on line %(line)d already.") % words))
        else:
            seen[line.unit.code] = number
            lines.append(line)
    if not lines and not faults:
        raise RegisterRefused([LineFault(1, _("There is no line below the header."))])
    return lines, faults, spoilt


def rows_of(text: str) -> Iterator[tuple[int, str, list[str] | str]]:
    """The number of the header and of each line that is not empty, its text, and its fields or why it has none."""
    for number, line in enumerate(re.split("\r\n|\r|\n", text), start=1):
        if line or number == 1:
            yield number, line, _fields(line)


def _fields(line: str) -> list[str] | str:
    if any("\udc80" <= letter <= "\udcff" for letter in line):
        return _not_utf8()
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return _("The quotation marks do not match, or the line is far too long.")


def header_fault(header: list[str], required: Collection[str], optional: Collection[str]) -> str | None:
    """Why a file with this header cannot be read, or None."""
    missing = [column for column in required if column not in header]
    unknown = [column for column in header if column not in (*required, *optional)]
    if missing:
        return _("The header lacks the columns %(columns)s.") % {"columns": ", ".join(missing)}
    if unknown:
        return _("Unknown columns in the header: %(columns)s.") % {"columns": ", ".join(map(repr, unknown))}
    if len(set(header)) < len(header):
        return _("A column stands in the header twice.")
    return None


def _line(number: int, header: list[str], fields: list[str]) -> _Line | str:
    """The line as a unit, or the reason why it is none."""
    if len(fields) != len(header):
        return _("It has more or fewer fields than the header.")
    given = {column: value.strip() for column, value in zip(header, fields, strict=True)}
    unseen = [column for column, value in given.items() if _has_unseen(value)]
    if unseen:
        return _("Damaged or invisible characters in: %(columns)s.") % {"columns": ", ".join(unseen)}
    kind = _LEVELS.get(given["level"])
    if kind is None:
        return _("Unknown level %(level)r.") % {"level": given["level"]}
    code = _cut(given["code"], kind)
    if code is None:
        return _("%(code)r is no code of the level %(level)s.") % {"code": given["code"], "level": given["level"]}
    if not given["name"]:
        return _("The name is empty.")
    too_long = [column for column, most in _MOST_LETTERS.items() if len(given.get(column, "")) > most]
    if too_long:
        return _("Too long: %(columns)s.") % {"columns": ", ".join(too_long)}
    grid_kind = given.get("grid_kind", "")
    if grid_kind and (kind is not UnitKind.GRID or grid_kind not in GridKind.values):
        return _("%(kind)r is no grid kind for this level.") % {"kind": grid_kind}
    parent = _parent_of(code, kind, given["parent_code"])
    if isinstance(parent, _Misplaced):
        return parent.reason
    details = {column: given.get(column, "") for column in OPTIONAL}
    return _Line(number, NewUnit(code=code, name=given["name"], **details), parent)


def _has_unseen(value: str) -> bool:
    return any(letter == _NOT_A_CHARACTER or unicodedata.category(letter) in _UNSEEN for letter in value)


def _cut(code: str, kind: UnitKind) -> str | None:
    """The code cut to its level, or None if it does not fit: padding must be zeros, and the own part must not."""
    length = CODE_LENGTHS.get(kind)
    if length is not None and len(code) == _PADDED and length < _PADDED:
        code, padding = code[:length], code[length:]
        if padding.strip("0"):
            return None
    if kind_of_code(code) is not kind:
        return None
    if length is not None and kind is not UnitKind.PROVINCE:
        above = CODE_LENGTHS[TIER_ORDER[TIER_ORDER.index(kind) - 1]]
        if not code[above:].strip("0"):
            return None
    return code


@dataclass(frozen=True)
class _Misplaced:
    reason: str


def _parent_of(code: str, kind: UnitKind, given: str) -> str | _Misplaced | None:
    expected = parent_code(code)
    if not given:
        if kind in TOP_KINDS:
            return None
        return _Misplaced(_("The parent code is empty."))
    if expected is None:
        return _Misplaced(_("A province has no parent."))
    expected_kind = kind_of_code(expected)
    if expected_kind is None or _cut(given, expected_kind) != expected:
        return _Misplaced(
            _("%(code)s does not stand under %(parent)s: its code says %(expected)s.")
            % {"code": code, "parent": given, "expected": expected}
        )
    return expected


def _concerned(lines: list[_Line]) -> set[str]:
    return {line.unit.code for line in lines} | {line.parent for line in lines if line.parent}


def _against_the_tree(lines: list[_Line], existing: dict[str, Unit], spoilt: set[str]) -> list[LineFault]:
    """What the file cannot know by itself: parents that are nowhere, and units that were retired.

    A parent on a bad line is the fault of that line alone, not of those below it.
    """
    faults = []
    in_file = spoilt | {line.unit.code for line in lines}
    for line in lines:
        code, parent = line.unit.code, line.parent
        if code in existing and existing[code].is_retired:
            faults.append(LineFault(line.number, _("%(code)s was retired and never comes back.") % {"code": code}))
        elif parent and parent not in in_file and parent not in existing:
            reason = _("Its parent %(parent)s is neither in the file nor known.") % {"parent": parent}
            faults.append(LineFault(line.number, reason))
        elif parent and code not in existing and parent in existing and existing[parent].is_retired:
            faults.append(LineFault(line.number, _("Its parent %(parent)s was retired.") % {"parent": parent}))
    return faults


def _updated(unit: Unit, line: _Line, done: Loaded) -> Unit | None:
    """The unit with what the file says otherwise, or None if it says nothing new; empty fields say nothing."""
    given = line.unit
    renamed = unit.name != given.name
    if renamed:
        done.renamed.append((unit.pk, unit.name, given.name))
        # A short name that followed from the old name follows the new one; one given by hand stays.
        if unit.short_name == short_name_of(unit.name):
            unit.short_name = short_name_of(given.name)
        unit.name = given.name
    differing = [
        column for column in OPTIONAL if getattr(given, column) and getattr(unit, column) != getattr(given, column)
    ]
    for column in differing:
        setattr(unit, column, getattr(given, column))
    if unit.parent_id is None and line.parent:
        # It stood at the top of the installation until its parent came.
        unit.parent_id = line.parent
        differing.append("parent")
    if differing:
        done.changed.append(unit.pk)
    if not differing and not renamed:
        done.unchanged += 1
        return None
    return unit
