"""The life of a change of a calendar: drafted, counted through, applied or abandoned. Its row is the truth.

Counting and applying go in slices of a transaction each, by whoever looks next: the page that began it, a worker, a
command. Each slice takes the row, goes on where the last one ended, and leaves the row where it got to; of two who look
at once the second does nothing. A process that dies loses one slice.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from grids import spans
from grids.models import Person, Unit
from incidents import calendar_changes, calendar_content, calendar_effects
from incidents.calendar_content import Content
from incidents.calendar_rows import CalendarMissing
from incidents.calendars import CalendarError, WorkCalendar
from incidents.models import IN_FLIGHT, Calendar, CalendarChange, CalendarVersion, ChangeState

# So many incidents are counted through at once: about half a second.
SLICE = 5_000


class ChangeRefused(CalendarError):
    """The change cannot be begun, edited or applied as it stands; the message says why and by whom."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def never() -> bool:
    return False


def in_flight(calendar: Calendar) -> CalendarChange | None:
    """The change of the calendar that is on its way, if any."""
    return (
        CalendarChange.objects.select_related("author", "base").filter(calendar=calendar, state__in=IN_FLIGHT).first()
    )


def begin(
    *,
    calendar: Calendar,
    content: Content,
    author: Person | None,
    now: datetime,
    joins: CalendarVersion | None = None,
) -> CalendarChange:
    """Draft a change; `work` then counts through what it would move. With `joins`, the way to that version.

    Raises ChangeRefused while another is in flight or when nothing would change, a CalendarError for a content nobody
    can count by.
    """
    base = calendar.versions.first()
    if joins is None:
        _refuse_no_change(base, content)
    content.built(calendar.name)
    try:
        with transaction.atomic():
            change = CalendarChange(
                calendar=calendar,
                base=base,
                joins=joins,
                content=content.as_json(),
                author=author,
                created_at=now,
                as_of=now,
            )
            change.total = calendar_changes.concerned(change).count()
            change.save(force_insert=True)
            return change
    except IntegrityError as error:
        raise _busy(calendar) from error


def edit(*, change_id: int, revision: int, content: Content, author: Person | None, now: datetime) -> CalendarChange:
    """Give the draft another content and count through it anew. Raises ChangeRefused for another's, or a stale page."""
    content.built()
    with transaction.atomic():
        change = _own_draft(change_id, revision, author)
        _refuse_no_change(change.base, content)
        change.content = content.as_json()
        change.revision += 1
        _count_anew(change, now)
        change.save()
        return change


def count_again(*, change_id: int, now: datetime) -> None:
    """Count through once more, as of `now`; nothing happens to a change that is being applied."""
    with transaction.atomic():
        change = CalendarChange.objects.select_for_update().get(pk=change_id)
        if change.state == ChangeState.READY:
            _count_anew(change, now)
            change.save()


def abandon(*, change_id: int, now: datetime) -> None:
    """End a draft without a trace in the calendar. Raises ChangeRefused once it is being applied."""
    with transaction.atomic():
        change = CalendarChange.objects.select_for_update().get(pk=change_id)
        if change.state not in (ChangeState.PREVIEWING, ChangeState.READY):
            raise ChangeRefused(_("This change is being applied already."), code="applying")
        change.state, change.ended_at = ChangeState.ABANDONED, now
        change.save()


def apply(*, change_id: int, revision: int, by: Person | None, now: datetime) -> CalendarChange:
    """Make the draft the calendar's next version: new clocks go by it at once, `work` moves the running ones over.

    Raises ChangeRefused when it is not counted through, was edited meanwhile, or rests on a version that is no longer
    the newest.
    """
    with transaction.atomic():
        change = CalendarChange.objects.select_for_update().get(pk=change_id)
        if change.state in (ChangeState.APPLYING, ChangeState.APPLIED):
            raise ChangeRefused(_("This change is being applied already."), code="applying")
        if change.state != ChangeState.READY:
            raise ChangeRefused(
                _("This change is not counted through, so nobody knows yet what it moves."), code="early"
            )
        if change.revision != revision:
            raise ChangeRefused(_("The draft was edited since this page was opened."), code="stale")
        Calendar.objects.select_for_update().get(pk=change.calendar_id)
        refuse_outdated(change)
        if change.joins_id is not None:
            _leave(change, now)
        else:
            change.version = calendar_changes.new_version(
                calendar=change.calendar, content=calendar_content.from_json(change.content), now=now, made_by=by
            )
        change.state, change.applied_by, change.applied_at = ChangeState.APPLYING, by, now
        change.total, change.done, change.cursor = calendar_changes.concerned(change).count(), 0, 0
        change.save()
        return change


def refuse_outdated(change: CalendarChange) -> None:
    """Raise ChangeRefused when the calendar got a newer version than the one the draft rests on."""
    newest = change.calendar.versions.first()
    if newest is not None and newest.pk != change.base_id:
        said = {"base": change.base.number if change.base else 0, "newest": newest.number}
        raise ChangeRefused(
            _("This draft rests on version %(base)d, but version %(newest)d is in force by now. Draft it anew.") % said,
            code="outdated",
        )


def work(*, change_id: int, now: Callable[[], datetime], enough: Callable[[], bool] = never) -> CalendarChange:
    """Count through or apply, slice by slice, until nothing is left, somebody else is at it, or it is enough."""
    while _slice(change_id, now()) and not enough():
        pass
    return CalendarChange.objects.get(pk=change_id)


def work_on_all(*, now: Callable[[], datetime], enough: Callable[[], bool] = never) -> list[CalendarChange]:
    """The same for every change that waits for it; those looked at."""
    waiting = CalendarChange.objects.filter(state__in=(ChangeState.PREVIEWING, ChangeState.APPLYING)).order_by("pk")
    return [work(change_id=pk, now=now, enough=enough) for pk in waiting.values_list("pk", flat=True) if not enough()]


def _slice(change_id: int, now: datetime) -> bool:
    """One slice; whether there is more to do."""
    with transaction.atomic():
        waiting = CalendarChange.objects.select_for_update(skip_locked=True, of=("self",)).select_related("calendar")
        change = waiting.filter(pk=change_id, state__in=(ChangeState.PREVIEWING, ChangeState.APPLYING)).first()
        if change is None:
            return False
        if change.state == ChangeState.PREVIEWING:
            _count_some(change)
        else:
            _apply_some(change, now)
        change.save()
        return change.state in (ChangeState.PREVIEWING, ChangeState.APPLYING)


def _count_some(change: CalendarChange) -> None:
    """Count through the clocks of the next incidents, as of the moment the counting began."""
    clocks = calendar_changes.concerned(change).filter(incident__gt=change.cursor)
    ids = list(clocks.order_by("incident").values_list("incident", flat=True).distinct()[:SLICE])
    effect = calendar_effects.from_json(change.found)
    if ids:
        counted = clocks.filter(incident__lte=ids[-1])
        calendar_effects.count(effect, counted, calendar=_built(change.pk, change.revision), now=change.as_of)
        change.cursor = ids[-1]
    change.found, change.done = effect.as_json(), effect.clocks
    if len(ids) < SLICE:
        change.state, change.total = ChangeState.READY, effect.clocks


@lru_cache(maxsize=4)
def _built(change_id: int, revision: int) -> WorkCalendar:
    content = CalendarChange.objects.values_list("content", flat=True).get(pk=change_id)
    return calendar_content.from_json(content).built()


def _apply_some(change: CalendarChange, now: datetime) -> None:
    """Move the clocks of the next incidents over; at the end look once more for clocks that were born meanwhile."""
    version: CalendarVersion = change.joins or change.version  # type: ignore[assignment]
    concerned = calendar_changes.concerned(change)
    some = calendar_changes.recompute_some(concerned, version=version, after=change.cursor, now=now)
    if some is not None:
        change.cursor, change.done, change.moved = some.last, change.done + some.clocks, change.moved + some.moved
        change.total = max(change.total, change.done)
    elif change.cursor and concerned.exclude(calendar_version=version).exists():
        change.cursor = 0
    else:
        change.state, change.ended_at, change.total = ChangeState.APPLIED, now, change.done


def _own_draft(change_id: int, revision: int, author: Person | None) -> CalendarChange:
    change = CalendarChange.objects.select_for_update(of=("self",)).select_related("author").get(pk=change_id)
    if change.state not in (ChangeState.PREVIEWING, ChangeState.READY):
        raise ChangeRefused(_("This change is no draft any more."), code="applying")
    if change.author_id != (author.pk if author else None):
        raise _busy(change.calendar)
    if change.revision != revision:
        raise ChangeRefused(_("The draft was edited since this page was opened."), code="stale")
    if change.joins_id is not None:
        raise ChangeRefused(_("The way back to the common calendar has no days of its own to edit."), code="joins")
    return change


def _count_anew(change: CalendarChange, now: datetime) -> None:
    change.state, change.as_of, change.found = ChangeState.PREVIEWING, now, {}
    change.total, change.done, change.cursor = calendar_changes.concerned(change).count(), 0, 0


def _refuse_no_change(base: CalendarVersion | None, content: Content) -> None:
    if base is not None and calendar_changes.says(base, content):
        raise ChangeRefused(_("The version in force says the same already."), code="unchanged")


def _busy(calendar: Calendar) -> ChangeRefused:
    other = in_flight(calendar)
    if other is None:
        return ChangeRefused(_("Somebody else was faster; look again."), code="busy")
    who = other.author.full_name if other.author else _("the system")
    said = {"who": who, "calendar": calendar.name}
    return ChangeRefused(
        _("%(who)s is changing “%(calendar)s” already: apply or abandon that first.") % said, code="busy"
    )


def own_calendar(*, district: Unit, author: Person, now: datetime) -> CalendarChange:
    """Draft a calendar of the district's own as a copy of the common one. Raises ChangeRefused when it has one."""
    common = common_version()
    with transaction.atomic():
        calendar, _new = Calendar.objects.get_or_create(
            district=district,
            by_name_only=False,
            defaults={"name": _("Calendar of %(unit)s") % {"unit": district.name}},
        )
        if calendar.versions.exists():
            raise ChangeRefused(_("This district has a calendar of its own already."), code="has_one")
        return begin(calendar=calendar, content=calendar_changes.content_of(common), author=author, now=now)


def rejoin(*, calendar: Calendar, author: Person, now: datetime) -> CalendarChange:
    """Draft the way of a district back to the common calendar. Raises ChangeRefused where it has none of its own."""
    if calendar.district_id is None or calendar.by_name_only or not calendar.versions.exists():
        raise ChangeRefused(_("This is no calendar of a district's own."), code="not_own")
    common = common_version()
    content = calendar_changes.content_of(common)
    return begin(calendar=calendar, content=content, author=author, now=now, joins=common)


def _leave(change: CalendarChange, now: datetime) -> None:
    """Nobody follows the calendar any more; limits that name it, and clocks that ended, keep it under another name."""
    if change.joins_id != common_version().pk:
        raise ChangeRefused(
            _("The common calendar was changed since this was counted through. Draft it anew."), code="outdated"
        )
    calendar, at = change.calendar, spans.exact(now)[:16]
    calendar.name = _("%(name)s (until %(moment)s)") % {"name": calendar.name[:30], "moment": at}
    calendar.by_name_only = True
    calendar.save()


def common_version() -> CalendarVersion:
    """The newest version of the calendar all districts share. Raises CalendarMissing."""
    found = CalendarVersion.objects.filter(calendar__district=None, calendar__by_name_only=False).first()
    if found is None:
        raise CalendarMissing("no common calendar: run manage.py load_calendar")
    return found
