"""The file of the other system: unpacked, its encoding found and said, its rows one by one with their lines. No query.

Gzip and byte-order marks tell themselves. Without a stated encoding a file is UTF-8 if every byte of it says so, else
GB18030, which is what older Chinese systems write. A row that cannot be read is a fault of that row alone.
"""

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from incidents.imports.refused import Fault, ImportRefused, Reason

AUTO = "auto"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "gb18030": "GB18030"}
_BLOCK = 1 << 20
LONGEST_FIELD = 1 << 20
# No character at all for PostgreSQL, none for UTF-8, or the mark of a byte that fits no encoding.
_UNREADABLE = re.compile("[\0\ud800-\udfff\ufffd]")
# What is added to each row of a file of rejected rows; such a file can be imported after repair.
LINE_COLUMN, REASON_COLUMN = "import_line", "import_reason"
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class SourceFile:
    """A file that can be read: `said` tells in words how, `header` names its columns."""

    path: Path
    sha256: str
    encoding: str
    delimiter: str
    said: str
    header: tuple[str, ...]

    @property
    def is_of_rejects(self) -> bool:
        """Whether it was written by an earlier import: its texts are guarded against spreadsheets."""
        return LINE_COLUMN in self.header and REASON_COLUMN in self.header


@dataclass(frozen=True, slots=True)
class Row:
    """A row with the number of its first line (the header is line 1); `fault` says why it has no fields."""

    line: int
    fields: tuple[str, ...]
    fault: Fault | None = None


def open_file(path: Path, *, encoding: str = AUTO, delimiter: str = ",") -> SourceFile:
    """Look the file through once. Raises ImportRefused when it cannot be read as a table at all."""
    try:
        packed, mark, digest, is_utf8 = _looked_through(path)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportRefused([_("%(file)s cannot be read: %(what)s.") % {"file": path.name, "what": error}]) from error
    # A mark says more than a mapping that was written for another file.
    found = mark or (encoding if encoding != AUTO else "utf-8" if is_utf8 else "gb18030")
    try:
        codecs.lookup(found)
    except LookupError as error:
        raise ImportRefused([_("There is no encoding %(name)s.") % {"name": found}]) from error
    said = _said(found, packed=packed, mark=bool(mark), stated=encoding != AUTO, is_utf8=is_utf8)
    file = SourceFile(path, digest, found, delimiter, said, ())
    header = _header(file)
    return SourceFile(path, digest, found, delimiter, said, header)


def rows(file: SourceFile) -> Iterator[Row]:
    """The rows below the header; empty lines are left out."""
    wanted = len(file.header)
    guarded = file.is_of_rejects
    for line, fields in _parsed(file):
        if line == 1 and fields is not None:
            continue
        if fields is None:
            yield Row(line, (), Fault(Reason.QUOTES))
        elif not any(fields):
            continue
        elif len(fields) != wanted:
            yield Row(line, (), Fault(Reason.FIELDS, f"{len(fields)} / {wanted}"))
        elif any(_UNREADABLE.search(field) for field in fields):
            yield Row(line, (), Fault(Reason.UNREADABLE, _spoilt(file.header, fields)))
        else:
            yield Row(line, tuple(bared(field) for field in fields) if guarded else tuple(fields))


def raw_rows(file: SourceFile) -> Iterator[tuple[int, Sequence[str]]]:
    """Every row below the header as it stands, for a file of rejected rows; one that is no record has no fields."""
    for line, fields in _parsed(file):
        if line > 1:
            yield line, fields or ()


def bared(field: str) -> str:
    """A text without the sign that kept a spreadsheet from computing it."""
    return field[1:] if _GUARDED.match(field) else field


def _looked_through(path: Path) -> tuple[bool, str, str, bool]:
    """Whether it is packed, what its byte-order mark says, the digest of the file as it is, whether all is UTF-8."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        while block := file.read(_BLOCK):
            digest.update(block)
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, first = True, True
    mark = ""
    with _bytes(path, packed=packed) as content:
        while block := content.read(_BLOCK):
            if first:
                mark = next((name for sign, name in _MARKS if block.startswith(sign)), "")
                first = False
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
                decoder.reset()
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return packed, mark, digest.hexdigest(), is_utf8


def _is_utf8(name: str) -> bool:
    return name.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


@contextmanager
def _bytes(path: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with gzip.open(path, "rb") if packed else path.open("rb") as content:
        yield content  # type: ignore[misc]


def _said(encoding: str, *, packed: bool, mark: bool, stated: bool, is_utf8: bool) -> str:
    name = _NAMES.get(encoding, encoding)
    if mark:
        words = _("%(encoding)s by its byte-order mark") % {"encoding": name}
    elif stated:
        words = _("%(encoding)s as the mapping says") % {"encoding": name}
    elif is_utf8:
        words = _("%(encoding)s throughout") % {"encoding": name}
    else:
        words = _("not UTF-8, read as GB18030")
    return _("gzip, %(encoding)s") % {"encoding": words} if packed else words


def _header(file: SourceFile) -> tuple[str, ...]:
    first = next(_parsed(file), None)
    if first is None or first[1] is None or not any(first[1]):
        raise ImportRefused([_("The first line is no header.")])
    header = tuple(name.strip() for name in first[1])
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ImportRefused([_("Columns that stand in the header twice: %(names)s.") % {"names": ", ".join(twice)}])
    return header


def _parsed(file: SourceFile) -> Iterator[tuple[int, list[str] | None]]:
    """Line and fields of every record, the header first; None for one that is no record."""
    with _text(file) as text, _long_fields():
        reader = csv.reader(text, delimiter=file.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield line, None


@contextmanager
def _text(file: SourceFile) -> Iterator[IO[str]]:
    with file.path.open("rb") as start:
        packed = start.read(2) == b"\x1f\x8b"
    with _bytes(file.path, packed=packed) as content:
        # A byte that fits nowhere comes through as a mark and makes its row unreadable, not the file.
        errors = "surrogateescape" if _is_utf8(file.encoding) else "replace"
        yield io.TextIOWrapper(content, encoding=file.encoding, errors=errors, newline="")


@contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _spoilt(header: Sequence[str], fields: Sequence[str]) -> str:
    return ", ".join(name for name, field in zip(header, fields, strict=True) if _UNREADABLE.search(field))
