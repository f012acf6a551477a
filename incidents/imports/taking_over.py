"""The import as a whole: look at every row, place them, write them in one transaction, count twice, or do nothing."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids.models import Person
from incidents import words
from incidents.imports import checks, files, placing, punctuality, rejects, targets, writing
from incidents.imports.checks import Draft, Looked
from incidents.imports.files import SourceFile
from incidents.imports.mapping import BY_POINT, Mapping
from incidents.imports.refused import ImportRefused, MappingRefused
from incidents.imports.report import Report
from incidents.imports.targets import Targets
from incidents.imports.writing import Progress
from incidents.models import ImportBatch, ImportedRecord

_LOCK_CLASS = 0x696D  # "im": the first half of PostgreSQL's two-part advisory lock
_PORTION = 10_000
MOST_OF_A_SOURCE = 60


class RowsRefused(ImportRefused):
    """Rows cannot be taken, and all or nothing was asked for; `report` names them all."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__([_("%(count)d rows cannot be taken, so none was.") % {"count": len(report.rejects)}])


class _TakenBack(Exception):
    """A dry run undoes what it did."""


@dataclass(frozen=True)
class Order:
    """What to import and how. `rejects_to` is where the rows that cannot be taken go."""

    path: Path
    mapping: Mapping
    source: str
    by: Person | None = None
    keep_good: bool = False
    rejects_to: Path | None = None
    dry_run: bool = False


def _quiet(_done: int, _all: int) -> None:
    """No word on progress."""


def take_over(order: Order, *, now: datetime, progress: Progress = _quiet) -> Report:
    """Import the records of a file; the database is as before unless everything that shall be written is.

    A dry run does all the work and takes it back. Raises MappingRefused or ImportRefused, RowsRefused where rows are
    at fault.
    """
    source = _source_name(order.source)
    file = files.open_file(order.path, encoding=order.mapping.encoding, delimiter=order.mapping.delimiter)
    lacking = order.mapping.lacking(file.header)
    if lacking:
        raise MappingRefused(lacking)
    found = targets.find(order.mapping)
    if order.rejects_to is not None and order.rejects_to.resolve() == order.path.resolve():
        raise ImportRefused([_("The rejected rows must not go into the file that is read.")])
    looked = checks.look(file, files.rows(file), order.mapping, found, now=now)
    report = Report.of(file, looked)
    try:
        with transaction.atomic():
            _lock(source)
            _take(order, source, file, found, looked, report, now, progress)
            if order.dry_run:
                raise _TakenBack
    except _TakenBack:
        pass
    return report


def _take(
    order: Order,
    source: str,
    file: SourceFile,
    found: Targets,
    looked: Looked,
    report: Report,
    now: datetime,
    progress: Progress,
) -> None:
    report.earlier_batch = _earlier_batch(file, source)
    drafts = _without_known(looked.drafts, source, report)
    by_point = BY_POINT in order.mapping.unit_ways
    homeless = placing.place(drafts, datum=order.mapping.datum, targets=found, now=now, by_point=by_point)
    for line, fault in homeless.items():
        looked.reject(line, fault)
    drafts = [draft for draft in drafts if draft.line not in homeless]
    if looked.rejects and order.rejects_to is not None:
        _write_rejects(order.rejects_to, file, looked)
    if looked.rejects and not order.keep_good:
        raise RowsRefused(report)
    report.imported = len(drafts)
    report.states = Counter(str(draft.state) for draft in drafts)
    report.located = Counter(draft.located_by for draft in drafts)
    if not drafts:
        return
    batch = ImportBatch.objects.create(
        source=source,
        file_name=file.path.name[-200:],
        sha256=file.sha256,
        mapping=order.mapping.text_of_file,
        at=now,
        by=order.by,
    )
    writing.write(drafts, mapping=order.mapping, targets=found, batch=batch, now=now, progress=progress)
    _count_twice(order, file, drafts, batch, report, now)
    batch.counts = report.as_json()
    batch.save(update_fields=["counts"])


def _count_twice(
    order: Order, file: SourceFile, drafts: list[Draft], batch: ImportBatch, report: Report, now: datetime
) -> None:
    """Punctuality by our clocks and by the source's columns; raises ImportRefused if they differ."""
    report.punctuality = punctuality.of_clocks(batch, now=now)
    states = {draft.line: draft.state for draft in drafts}
    theirs = punctuality.of_source(file, order.mapping, states, now=now)
    if theirs != report.punctuality:
        given = {"ours": report.punctuality.as_json(), "theirs": theirs.as_json()}
        raise ImportRefused([_("The lights say %(ours)s, but the columns of the file say %(theirs)s.") % given])
    report.durations = punctuality.durations(batch)


def _without_known(drafts: list[Draft], source: str, report: Report) -> list[Draft]:
    """The drafts that were not imported before; the others are counted, and named where they say something new."""
    known: dict[str, ImportedRecord] = {}
    for start in range(0, len(drafts), _PORTION):
        numbers = [draft.number for draft in drafts[start : start + _PORTION]]
        for record in ImportedRecord.objects.filter(source=source, original_number__in=numbers).iterator():
            known[record.original_number] = record
    for draft in drafts:
        record_of = known.get(draft.number)
        if record_of is not None:
            report.already += 1
            before = (record_of.opened_at, record_of.due_at, record_of.closed_at, record_of.original_status)
            if before != (draft.opened, draft.due, draft.closed, draft.status):
                report.differing.append(draft.number)
    return [draft for draft in drafts if draft.number not in known]


def _write_rejects(path: Path, file: SourceFile, looked: Looked) -> None:
    try:
        rejects.write(path, file, looked.rejects)
    except OSError as error:
        given = {"file": path, "what": error.strerror or error}
        raise ImportRefused([_("%(file)s cannot be written: %(what)s.") % given]) from error


def _earlier_batch(file: SourceFile, source: str) -> str:
    earlier = ImportBatch.objects.filter(sha256=file.sha256, source=source).first()
    if earlier is None:
        return ""
    given = {"moment": timezone.localtime(earlier.at).strftime("%Y-%m-%d %H:%M"), "name": earlier.file_name}
    return _("This very file was imported on %(moment)s as %(name)s.") % given


def _source_name(given: str) -> str:
    name = given.strip()
    if not name or len(name) > MOST_OF_A_SOURCE:
        raise ImportRefused(
            [_("Name the system the records come from, in at most %(most)d characters.") % {"most": MOST_OF_A_SOURCE}]
        )
    words.refuse(name, field="source", most=MOST_OF_A_SOURCE)
    return name


def _lock(source: str) -> None:
    """One import from a source at a time: the second finds what the first wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, source])
