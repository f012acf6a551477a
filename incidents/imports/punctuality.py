"""How punctual the imported records were: counted from our clocks, and again from the source's own columns.

The two counts share nothing but the mapping: one asks the database for the lights of the clocks that were written, the
other reads the file once more and compares the times as they stand there. They must be equal.
"""

from collections.abc import Mapping as Table
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Q

from incidents import lights
from incidents.imports import files, moments
from incidents.imports.files import SourceFile
from incidents.imports.mapping import Mapping
from incidents.imports.moments import Moment
from incidents.models import Clock, ImportBatch, Light
from incidents.states import OPEN_STATES, Stage, State


@dataclass
class Punctuality:
    """Numbers of records. Dismissed and voided ones ended, but are neither in time nor late."""

    in_time: int = 0
    late: int = 0
    closed_without_due: int = 0
    open_overdue: int = 0
    open_in_time: int = 0
    open_without_due: int = 0
    ended_otherwise: int = 0

    @property
    def with_due(self) -> int:
        """How many were closed and had a due date."""
        return self.in_time + self.late

    @property
    def share_in_time(self) -> float | None:
        return self.in_time / self.with_due if self.with_due else None

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    def _count(self, state: str, *, has_due: bool, late: bool, number: int = 1) -> None:
        if state not in OPEN_STATES and state != State.CLOSED:
            self.ended_otherwise += number
            return
        opened = state in OPEN_STATES
        if not has_due:
            name = "open_without_due" if opened else "closed_without_due"
        elif late:
            name = "open_overdue" if opened else "late"
        else:
            name = "open_in_time" if opened else "in_time"
        setattr(self, name, getattr(self, name) + number)


def of_clocks(batch: ImportBatch, *, now: datetime) -> Punctuality:
    """Counted from the lights that the imported incidents show. One query."""
    found = Punctuality()
    rows = (
        Clock.objects.filter(incident__imported__batch=batch, stage=Stage.OVERALL)
        .annotate(shown=lights.light_sql(now), has_due=Q(incident__imported__due_at__isnull=False))
        .values_list("incident__state", "has_due", "shown")
        .annotate(number=Count("pk"))
        .order_by()
    )
    for state, has_due, shown, number in rows:
        found._count(state, has_due=has_due, late=shown == Light.RED, number=number)
    return found


def of_source(file: SourceFile, mapping: Mapping, states: Table[int, State], *, now: datetime) -> Punctuality:
    """Counted from the due and end columns of the file, for the lines in `states`."""
    found = Punctuality()
    for row in files.rows(file):
        state = states.get(row.line)
        if state is None:
            continue
        given = dict(zip(file.header, (value.strip() for value in row.fields), strict=True))
        due = given[mapping.due] if mapping.due else ""
        ended = next((given[name] for name in mapping.closed if given[name]), "")
        late = bool(due) and (_is_later(ended, due, mapping) if ended else _is_past(due, mapping, now))
        found._count(state, has_due=bool(due), late=late)
    return found


def durations(batch: ImportBatch) -> dict[str, int]:
    """Half and nine tenths of what was closed took at most so many seconds; empty if nothing was."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT percentile_disc(ARRAY[0.5, 0.9])
                   WITHIN GROUP (ORDER BY extract(epoch FROM r.closed_at - r.opened_at))
            FROM incidents_importedrecord r JOIN incidents_incident i ON i.id = r.incident_id
            WHERE r.batch_id = %s AND i.state = 'closed'
            """,
            [batch.pk],
        )
        (found,) = cursor.fetchone()
    return {} if found is None else {"p50": int(found[0]), "p90": int(found[1])}


def _is_later(ended: str, due: str, mapping: Mapping) -> bool:
    """Whether the end was later than the due time, both as they are written where that can be compared."""
    reading = mapping.reading
    first, last = moments.written(ended, reading.formats), moments.written(due, reading.formats)
    if first is None or last is None:
        raise ValueError(f"{ended!r} or {due!r} was read before and cannot be read now")
    end, limit = first[0].replace(microsecond=0), last[0].replace(microsecond=0)
    if not last[1] and reading.due_lasts_the_day:
        limit += timedelta(days=1, seconds=-1)
    if (end.tzinfo is None) != (limit.tzinfo is None) or reading.skipped == moments.LATER:
        # A rule of the mapping moved one of them, or only one tells its zone: then the moments must be compared.
        return _at(ended, mapping) > _at(due, mapping, is_due=True)
    return end > limit


def _is_past(due: str, mapping: Mapping, now: datetime) -> bool:
    return _at(due, mapping, is_due=True) + timedelta(seconds=1) <= now


def _at(text: str, mapping: Mapping, *, is_due: bool = False) -> datetime:
    found = moments.moment(text, mapping.reading, is_due=is_due)
    if not isinstance(found, Moment):
        raise ValueError(f"{text!r} was read before and cannot be read now")
    return found.at
