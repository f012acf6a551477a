"""The list of incidents as a file: the rows of the list, in its order and with its lights, and who took them and why.

A file leaves the house and is seen by whoever gets hold of it. So it holds what a row shows and nothing else, names
the person and the unit on its first line, and is not handed out unless the audit list says so. More than
`settings.EXPORT_ROWS` need the word of a second person (`incidents.export_requests`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from grids import audit, spans, spreadsheets
from grids import selectors as places_and_people
from grids.duties import FIELD_DUTIES
from grids.models import AuditAct, Person, Post
from incidents import access, by_due, keyset, lists, selectors, words
from incidents.filters import Filters
from incidents.lights import SUSPENDED, ShownClock
from incidents.models import Incident
from incidents.refusals import MoveRefused
from incidents.selectors import Row
from incidents.states import State, Urgency
from incidents.templatetags.lights import WORDS, known

NEWEST = ("-reported_at", "-pk")
# So many rows of a long list are read and written at once.
SLICE = 500
REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be taken: the list as it is narrowed, by due moment or else the newest first."""

    filters: Filters
    by_due: bool = False


def desk_post(person: Person, *, now: datetime) -> Post | None:
    """The post by which `person` sits at a desk, of several the widest; None for who works in the field or nowhere."""
    posts = places_and_people.posts_of(person, now).exclude(duty__in=FIELD_DUTIES)
    return posts.first() if person.is_active else None


def count(person: Person, wish: Wish, *, now: datetime) -> int:
    """How many rows it would be; one more than may be taken stands for any number above."""
    return lists.counted(_found(person, wish, now), at_most=settings.EXPORT_MOST + 1)


def take(*, person: Person, post: Post, wish: Wish, reason: str, now: datetime, address: str | None = None) -> str:
    """The file as text, once the audit list has the entry of it: both or neither.

    Raises MoveRefused where there is no reason, nothing to take, or more than needs no second person's word.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise MoveRefused(_("Give a reason."), code="missing", field="reason")
    words.refuse(reason, field="reason", most=REASON_LENGTH)
    with transaction.atomic():
        incidents = _incidents(person, wish, now)
        rows = selectors.rows(incidents, now, at=wish.filters.at)
        note(person, post, wish, reason, len(rows), address=address)
        return spreadsheets.text([[watermark(person, post, reason, now)], _head(), *_lines(rows)])


def note(
    person: Person, post: Post, wish: Wish, reason: str, number: int, *, address: str | None = None, **more: str
) -> None:
    """The entry of the audit list. What was searched for may be a name or a phone: it says that there were words."""
    filters = wish.filters.but(words="*" if wish.filters.words else "")
    said = {"rows": number, "filters": filters.query(sort="due" if wish.by_due else ""), "reason": reason, **more}
    audit.note(
        act=AuditAct.EXPORTED, kind=Incident._meta.db_table, unit=post.unit_id, actor=person, address=address,
        after=said,
    )  # fmt: skip


def ids(person: Person, wish: Wish, *, now: datetime) -> list[int]:
    """The rows of a long list in its order, at most `settings.EXPORT_MOST`, as ids: few bytes each."""
    found, most = _found(person, wish, now), settings.EXPORT_MOST
    if wish.by_due:
        return by_due.ids(found, at=wish.filters.at, most=most)
    return list(found.order_by(*NEWEST).values_list("pk", flat=True)[:most])


def written(ids: Sequence[int], first_line: str, *, at: str, now: datetime) -> Iterator[str]:
    """The file in pieces, read slice by slice while it goes out; lights and due moments are those of `now`."""
    yield spreadsheets.text([[first_line], _head()])
    for start in range(0, len(ids), SLICE):
        few = ids[start : start + SLICE]
        by_id = {incident.pk: incident for incident in selectors.for_rows(Incident.objects.filter(pk__in=few))}
        rows = selectors.rows([by_id[pk] for pk in few if pk in by_id], now, at=at)
        yield spreadsheets.rows(_lines(rows))


def too_many() -> MoveRefused:
    return MoveRefused(
        _("More than %(most)d rows are not exported at once: narrow the list first, by days or places.")
        % {"most": settings.EXPORT_MOST},
        code="too_many",
    )


def needs_word() -> MoveRefused:
    return MoveRefused(
        _("More than %(most)d rows leave the house only when somebody else has approved it.")
        % {"most": settings.EXPORT_ROWS},
        code="needs_word",
    )


def nothing() -> MoveRefused:
    return MoveRefused(_("Nothing fits these filters: there is nothing to export."), code="nothing")


def _found(person: Person, wish: Wish, now: datetime) -> QuerySet[Incident]:
    return lists.found(person, wish.filters, now=now, scope=access.scope(person, now=now))


def _incidents(person: Person, wish: Wish, now: datetime) -> list[Incident]:
    found, most = _found(person, wish, now), settings.EXPORT_ROWS
    if wish.by_due:
        page = by_due.page(found, at=wish.filters.at, size=most)
    else:
        page = keyset.page(selectors.for_rows(found), NEWEST, size=most)
    if page.after:
        raise needs_word()
    if not page.rows:
        raise nothing()
    return page.rows


def watermark(person: Person, post: Post, reason: str, now: datetime) -> str:
    said = {"person": person, "unit": post.unit.label, "moment": spans.exact(now), "reason": reason}
    return _("Exported by %(person)s, %(unit)s, %(moment)s. Reason: %(reason)s") % said


def _head() -> list[str]:
    return [
        _("Number"),
        _("Title"),
        _("Place"),
        _("Category"),
        _("Urgency"),
        _("State"),
        _("Held by"),
        _("At work"),
        _("Light"),
        _("Due moment"),
        _("Overall"),
        _("Reported at"),
        _("Closed at"),
    ]


def _lines(rows: list[Row]) -> Iterator[list[str]]:
    for row in rows:
        incident = row.incident
        yield [
            spreadsheets.digits(row.number),
            incident.title,
            row.place,
            row.category,
            str(Urgency(incident.urgency).label),
            str(State(incident.state).label),
            row.holder,
            row.handlers,
            _light(row.clock),
            _due(row.clock),
            _light(row.overall) if row.clock and row.overall else "",
            spans.exact(incident.reported_at),
            spans.exact(incident.closed_at) if incident.closed_at else "",
        ]


def _light(clock: ShownClock | None) -> str:
    return str(WORDS[known(clock.light)]) if clock else ""


def _due(clock: ShownClock | None) -> str:
    """When it is due; of what waits on account, when it is looked at again."""
    if clock is None:
        return ""
    if clock.open_ended:
        return _("as the situation requires")
    if clock.due_at is None:
        return ""
    if clock.light == SUSPENDED:
        return _("Review on %(moment)s") % {"moment": spans.exact(clock.due_at)}
    due = spans.exact(clock.due_at)
    return _("%(rest)s · provisional") % {"rest": due} if clock.provisional else due
