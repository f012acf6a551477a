"""Long lists (S-16): one asks, a duty chief of the unit or above decides, the file goes out in pieces, once."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grids.models import AuditAct, AuditEntry, Person
from incidents import exports
from incidents.models import ExportRequest, ExportState, Incident
from tests.incidents.story import Story

URL, PAGE = reverse("incidents:export"), reverse("incidents:exports")


@pytest.fixture
def many(story: Story, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Five incidents, of which two may be taken on one's own word."""
    story.now = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    settings.EXPORT_ROWS, settings.EXPORT_MOST = 2, 5
    for number in range(5):
        story.report(text=f"第{number}件")
    story.later(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: story.now)
    return story


def browser(person: Person) -> Client:
    client = Client()
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(person)
    return client


def asked(story: Story, person: Person | None = None, query: str = "state=any") -> ExportRequest:
    answer = browser(person or story.cast.observer).post(f"{URL}?{query}", {"reason": "年报", "ask": "1"})
    assert answer.status_code == 302 and answer["Location"] == PAGE, answer.content.decode()[:2000]
    return ExportRequest.objects.latest("pk")


def decided(story: Story, request: ExportRequest, answer: str = "grant", by: Person | None = None) -> int:
    chief = browser(by or story.cast.district_duty_chief)
    return chief.post(reverse("incidents:export_decide", args=[request.pk]), {"answer": answer}).status_code


def taken(request: ExportRequest, person: Person) -> Any:
    return browser(person).post(reverse("incidents:export_take", args=[request.pk]))


def test_s_16_more_rows_than_allowed_leave_the_house_on_two_peoples_word_and_once(many: Story) -> None:
    observer = many.cast.observer
    question = browser(observer).get(f"{URL}?state=any").content.decode()
    assert "More than 2 rows" in question and "Ask for approval" in question and "data-download" not in question
    request = asked(many)
    assert taken(request, observer).status_code == 404, "nobody has approved it"
    chief = browser(many.cast.district_duty_chief)
    assert "年报" in chief.get(PAGE).content.decode()
    assert decided(many, request) == 302
    assert "Take the file" in browser(observer).get(PAGE).content.decode()
    answer = taken(request, observer)
    assert answer.streaming and "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    first, _head, *rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert many.cast.district_duty_chief.full_name in first[0] and observer.full_name in first[0] and "年报" in first[0]
    expected = Incident.objects.order_by("-reported_at", "-pk").values_list("number", flat=True)
    assert [row[0].strip() for row in rows] == list(expected)
    entry = AuditEntry.objects.get(act=AuditAct.EXPORTED)
    assert (
        entry.after
        and entry.after["rows"] == 5
        and entry.after["approved_by"] == many.cast.district_duty_chief.full_name
    )
    assert taken(request, observer).status_code == 404, "once"
    request.refresh_from_db()
    assert (request.state, request.query) == (ExportState.TAKEN, "")


def test_s_16_nobody_decides_their_own_request_nor_one_of_units_they_do_not_answer_for(many: Story) -> None:
    cast = many.cast
    request = asked(many, cast.district_duty_chief)
    assert decided(many, request, by=cast.district_duty_chief) == 404
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.filter(pk=request.pk).update(
            state="granted", decided_by=cast.district_duty_chief, decided_at=many.now
        )
    for stranger in (cast.village_head, cast.town_clerk, cast.handler, cast.observer):
        assert decided(many, request, by=stranger) == 404
    request.refresh_from_db()
    assert request.state == ExportState.ASKED
    of_town = asked(many, cast.town_clerk)
    assert decided(many, of_town) == 302, "who answers for a unit above may decide"


def test_a_refused_or_forgotten_request_gives_nothing(many: Story) -> None:
    observer = many.cast.observer
    refused = asked(many)
    assert decided(many, refused, "refuse") == 302 and taken(refused, observer).status_code == 404
    granted = asked(many)
    assert granted.pk != refused.pk and decided(many, granted) == 302
    assert taken(granted, many.cast.district_clerk).status_code == 404, "it was not granted to them"
    many.later(hours=25)
    assert taken(granted, observer).status_code == 404
    forgotten = asked(many)
    many.later(days=8)
    assert decided(many, forgotten) == 404


def test_asking_twice_is_one_request_and_more_than_the_most_is_refused(many: Story, settings: Any) -> None:
    assert asked(many).pk == asked(many).pk
    settings.EXPORT_MOST = 4
    answer = browser(many.cast.observer).post(f"{URL}?state=any", {"reason": "年报", "ask": "1"})
    assert answer.status_code == 422 and "More than 4 rows" in answer.content.decode()
    assert browser(many.cast.observer).post(f"{URL}?state=any", {"reason": " ", "ask": "1"}).status_code == 422


def test_the_file_is_read_slice_by_slice_in_the_order_of_the_list(
    many: Story, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EXPORT_MOST = 50
    many.move(Incident.objects.earliest("pk"), "accept", many.cast.village_clerk)

    def pieces(query: str) -> tuple[list[str], int]:
        request = asked(many, query=query)
        decided(many, request)
        with CaptureQueriesContext(connection) as queries:
            text = taken(request, many.cast.observer).getvalue().decode("utf-8-sig")
        return [row[0].strip() for row in list(csv.reader(io.StringIO(text)))[2:]], len(queries)

    whole, few = pieces("state=any&sort=due")
    monkeypatch.setattr(exports, "SLICE", 2)
    sliced, more = pieces("state=any&sort=due")
    shown = browser(many.cast.observer).get(f"{reverse('incidents:list')}?state=any&sort=due").context["rows"]
    assert whole == sliced == [row.number for row in shown] and len(whole) == 5
    assert few < more <= few + 2 * 4, "a slice costs the same few queries whatever is in it"


def test_what_was_searched_for_stands_in_no_audit_list(many: Story) -> None:
    browser(many.cast.observer).post(f"{URL}?state=any&q=第3件", {"reason": "核对"})
    request = asked(many, query="state=any&q=第")
    decided(many, request)
    taken(request, many.cast.observer).getvalue()
    for entry in AuditEntry.objects.filter(act=AuditAct.EXPORTED):
        assert entry.after and "q=%2A" in entry.after["filters"] and "%E7%AC%AC" not in entry.after["filters"]
