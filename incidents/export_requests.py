"""A long list leaves the house on two people's word: one asks, a duty chief of the unit or above decides (S-16).

A request waits a week; once granted it is taken within a day, once, and then says no more what was searched for.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from grids import house, permissions
from grids.duties import Right
from grids.models import Person, Post
from grids.subtrees import covers, within
from incidents import exports, words
from incidents.exports import REASON_LENGTH, Wish
from incidents.filters import Filters
from incidents.models import ExportRequest, ExportState
from incidents.refusals import MoveRefused

ASKED_FOR = timedelta(days=7)
GRANTED_FOR = timedelta(hours=24)
SHOWN = 20


def wish_of(request: ExportRequest) -> Wish:
    given = QueryDict(request.query)
    return Wish(Filters.parsed(given), by_due=given.get("sort") == "due")


def ask(*, person: Person, post: Post, wish: Wish, reason: str, now: datetime) -> ExportRequest:
    """Ask for a list that is too long for one's own word; the same one asked for again is the same request.

    Raises MoveRefused without a reason, and where there is nothing or more than `settings.EXPORT_MOST` rows.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise MoveRefused(_("Give a reason."), code="missing", field="reason")
    words.refuse(reason, field="reason", most=REASON_LENGTH)
    number = exports.count(person, wish, now=now)
    if not number:
        raise exports.nothing()
    if number > settings.EXPORT_MOST:
        raise exports.too_many()
    query = wish.filters.query(sort="due" if wish.by_due else "")
    with transaction.atomic():
        ExportRequest.objects.filter(state=ExportState.ASKED, person=person, ends_at__lte=now).delete()
        request, is_new = ExportRequest.objects.update_or_create(
            person=person,
            query=query,
            state=ExportState.ASKED,
            defaults={
                "unit": post.unit, "reason": reason, "number": number, "asked_at": now, "ends_at": now + ASKED_FOR,
            },
        )  # fmt: skip
        if is_new:
            _note("export_asked", request, person, now)
    return request


def _note(kind: str, request: ExportRequest, actor: Person, now: datetime) -> None:
    house.note(
        kind, unit=request.unit_id, actor=actor, now=now, request=request.pk, asked_by=request.person_id,
        number=request.number,
    )  # fmt: skip


def own(person: Person) -> list[ExportRequest]:
    """What `person` asked for lately, the newest first."""
    found = ExportRequest.objects.filter(person=person).select_related("unit", "decided_by")
    return list(found.order_by("-pk")[:SHOWN])


def to_decide(person: Person, *, now: datetime) -> QuerySet[ExportRequest]:
    """The requests of others that wait for the word of `person`. No query for who grants nothing anywhere."""
    units = permissions.units_with_right(person, Right.GRANT, now=now)
    return waiting_for(person, units, now=now).select_related("person", "unit").order_by("pk")


def waiting_for(person: Person, units: Iterable[str], *, now: datetime) -> QuerySet[ExportRequest]:
    """The requests that wait for somebody with the right to grant at these units: never their own."""
    waiting = ExportRequest.objects.filter(within(units, "unit"), state=ExportState.ASKED, ends_at__gt=now)
    return waiting.exclude(person=person)


def decide(*, wish_id: int, person: Person, granted: bool, now: datetime) -> ExportRequest | None:
    """Say yes or no to the request of somebody else; None if there is none that waits for this person's word."""
    with transaction.atomic():
        request = to_decide(person, now=now).select_for_update(of=("self",)).filter(pk=wish_id).first()
        if request is None:
            return None
        request.state = ExportState.GRANTED if granted else ExportState.REFUSED
        request.decided_by, request.decided_at = person, now
        request.ends_at = now + GRANTED_FOR if granted else now
        request.query = request.query if granted else ""
        request.save()
        _note("export_granted" if granted else "export_refused", request, person, now)
        return request


def take(*, wish_id: int, person: Person, now: datetime, address: str | None = None) -> Iterator[str] | None:
    """The file in pieces, once the audit list has its entry; None if nothing was granted to this person, or too late.

    Who lost their desk or sees less by now takes what they see now, or nothing.
    """
    with transaction.atomic():
        granted = ExportRequest.objects.select_for_update(of=("self",)).select_related("decided_by")
        request = granted.filter(pk=wish_id, person=person, state=ExportState.GRANTED, ends_at__gt=now).first()
        post = exports.desk_post(person, now=now)
        if request is None or request.decided_by is None or post is None or not covers([post.unit_id], request.unit_id):
            return None
        wish = wish_of(request)
        ids = exports.ids(person, wish, now=now)
        by = request.decided_by.full_name
        exports.note(person, post, wish, request.reason, len(ids), address=address, approved_by=by)
        request.state, request.query, request.number = ExportState.TAKEN, "", len(ids)
        request.save()
    line = exports.watermark(person, post, request.reason, now) + " " + _("Approved by %(person)s.") % {"person": by}
    return exports.written(ids, line, at=wish.filters.at, now=now)
