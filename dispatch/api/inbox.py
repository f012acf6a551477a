"""What a person was told."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import house_news, notices
from dispatch.audience import Reason
from dispatch.kinds import label_of
from dispatch.models import Notice
from grids.api import paging
from grids.api.endpoints import Endpoint
from grids.api.fields import Strict, UnitRef, address, moment, unit_ref
from grids.api.paging import PageQuestion, page_of
from incidents.states import State

ID = ("^[0-9]{1,18}$", "The id of a notice.")


class InboxQuestion(PageQuestion):
    unread = serializers.BooleanField(required=False, help_text="the unread ones alone")


class NoticeRow(serializers.Serializer):
    """A notice: why it came, and what happened."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    reason = serializers.CharField()
    reason_name = serializers.CharField(allow_blank=True)
    event = serializers.CharField(allow_null=True, help_text="null: no event is known")
    event_name = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    actor = serializers.CharField(allow_null=True)
    unit = UnitRef(allow_null=True)
    at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)
    incident = serializers.CharField(allow_null=True)
    incident_url = serializers.CharField(allow_null=True)
    in_sight = serializers.BooleanField(help_text="false: of the incident nothing but its number is told")
    title = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(State.values, allow_null=True)


class Nothing(Strict):
    """An empty object."""


class Count(serializers.Serializer):
    unread = serializers.IntegerField()


class Read(serializers.Serializer):
    read = serializers.IntegerField(help_text="how many were unread")


class Inbox(Endpoint):
    """The notices of a person."""

    tag = "inbox"
    names = {"GET": "listInbox"}
    asks = {"GET": InboxQuestion}
    gives = {"GET": {200: page_of(NoticeRow)}}

    def get(self, request: Request) -> Response:
        """What I was told, the newest first."""
        found = notices.of_person(self.person)
        if self.asked.get("unread"):
            found = found.filter(read_at=None)
        page = paging.page(found, ("-id",), self.asked)
        hidden = notices.out_of_sight(self.person, page.rows, now=self.now)
        rows = [_told(notice, is_seen=notice.incident_id not in hidden) for notice in page.rows]
        return Response(paging.answer(page, rows, "inbox/", request.query_params))


class Unread(Endpoint):
    """How much is unread."""

    tag = "inbox"
    names = {"GET": "countUnread"}
    gives = {"GET": {200: Count}}

    def get(self, request: Request) -> Response:
        """How many notices I have not read."""
        return Response({"unread": notices.unread_count(self.person)})


class ReadAll(Endpoint):
    """Reading everything."""

    tag = "inbox"
    names = {"POST": "readAll"}
    takes = {"POST": Nothing}
    gives = {"POST": {200: Read}}

    def post(self, request: Request) -> Response:
        """Mark every notice as read."""
        self.taken()
        return Response({"read": notices.mark_read(self.person, now=self.now)})


class ReadOne(Endpoint):
    """Reading one."""

    tag = "inbox"
    names = {"POST": "readNotice"}
    takes = {"POST": Nothing}
    gives = {"POST": {200: Read}}
    path_words = {"id": ID}

    def post(self, request: Request, id: str) -> Response:
        """Mark one notice as read; again changes nothing."""
        self.taken()
        return Response({"read": notices.mark_read(self.person, now=self.now, ids=[_one(self, id).pk])})


class NoticeOne(Endpoint):
    """One notice."""

    tag = "inbox"
    names = {"GET": "getNotice"}
    gives = {"GET": {200: NoticeRow}}
    path_words = {"id": ID}

    def get(self, request: Request, id: str) -> Response:
        """One notice; looking does not read it."""
        notice = _one(self, id)
        return Response(_told(notice, is_seen=not notices.out_of_sight(self.person, [notice], now=self.now)))


def _one(view: Endpoint, id: str) -> Notice:
    notice = notices.of_person(view.person).filter(pk=int(id)).first()
    if notice is None:
        raise Http404
    return notice


def _told(notice: Notice, *, is_seen: bool) -> dict[str, Any]:
    """What the inbox shows: of an incident that is in sight no longer its number alone."""
    event, incident = notice.event, notice.incident
    if event is None or incident is None:
        return _told_of_the_house(notice)
    by, unit = (event.actor, event.unit) if is_seen else (None, None)
    return {
        "id": notice.pk,
        "url": address(f"inbox/{notice.pk}/"),
        "reason": notice.reason,
        "reason_name": str(Reason(notice.reason).label) if notice.reason in Reason.values else "",
        "event": event.kind,
        "event_name": label_of(event.kind),
        "note": event.note if is_seen else "",
        "actor": by.full_name if by else None,
        "unit": unit_ref(unit) if unit else None,
        "at": moment(notice.created_at),
        "read_at": moment(notice.read_at),
        "incident": incident.number,
        "incident_url": address(f"incidents/{incident.number}/"),
        "in_sight": is_seen,
        "title": incident.title if is_seen else "",
        "state": incident.state if is_seen else None,
    }


def _told_of_the_house(notice: Notice) -> dict[str, Any]:
    """A notice of no incident: the plan's title, and what it is to the person."""
    event = notice.house_event
    assert event is not None, "a notice is of an incident or of the house"
    return {
        "id": notice.pk,
        "url": address(f"inbox/{notice.pk}/"),
        "reason": notice.reason,
        "reason_name": str(Reason(notice.reason).label) if notice.reason in Reason.values else "",
        "event": event.kind,
        "event_name": label_of(event.kind),
        "note": house_news.words(event, notice.about),
        "actor": event.actor.full_name if event.actor else None,
        "unit": unit_ref(event.unit),
        "at": moment(notice.created_at),
        "read_at": moment(notice.read_at),
        "incident": None,
        "incident_url": None,
        "in_sight": True,
        "title": house_news.title_of(event),
        "state": None,
    }
