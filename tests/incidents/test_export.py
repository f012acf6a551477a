"""The list as a file (S-16): the rows of the list and nothing more, who may take them, and that it is written down."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grids import spreadsheets
from grids.models import AuditAct, AuditEntry, Person, Post
from incidents.models import Incident
from incidents.states import Urgency
from incidents.templatetags.lights import WORDS
from tests.incidents.story import Story

URL = reverse("incidents:export")
COLUMNS = 13
TITLE, PLACE, HOLDER, LIGHT, DUE, OVERALL, CLOSED = 1, 2, 6, 8, 9, 10, 12


@pytest.fixture(autouse=True)
def in_english(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


@pytest.fixture
def several(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Incidents of two towns, one accepted, one closed, one urgent; all asked for at one moment."""
    story.now = timezone.now().replace(microsecond=0) - timedelta(days=1)
    cast = story.cast
    story.report(text="路灯不亮")
    accepted = story.report(text="占道经营", urgency=Urgency.URGENT)
    story.move(accepted, "accept", cast.village_clerk)
    story.later(minutes=5)
    story.report(by=cast.other_officer, grid=cast.other_grid, text="噪声扰民")
    closed = story.report(text="井盖缺失")
    story.move(closed, "accept", cast.village_clerk)
    story.move(closed, "answer", cast.village_clerk)
    story.move(closed, "close", cast.town_checker)
    story.later(days=1)
    monkeypatch.setattr(timezone, "now", lambda: story.now)
    return story


def taken(client: Client, person: Person, query: str = "", reason: str = "周例会") -> HttpResponse:
    client.force_login(person)
    return client.post(f"{URL}?{query}", {"reason": reason})


def lines(response: HttpResponse) -> list[list[str]]:
    assert response.status_code == 200, response.status_code
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def entries() -> Any:
    return AuditEntry.objects.filter(act=AuditAct.EXPORTED)


@pytest.mark.parametrize("query", ["", "state=any", "state=any&sort=due", "urgency=urgent", "at=511111100001"])
def test_s_16_the_file_holds_the_rows_of_the_list_in_its_order_with_its_lights(
    client: Client, several: Story, query: str
) -> None:
    person = several.cast.observer
    written = lines(taken(client, person, query))[2:]
    rows = client.get(f"{reverse('incidents:list')}?{query}").context["rows"]
    assert rows and [line[0].strip() for line in written] == [row.number for row in rows]
    for line, row in zip(written, rows, strict=True):
        assert len(line) == COLUMNS
        assert line[TITLE] == row.incident.title and line[PLACE] == row.place and line[HOLDER] == row.holder
        assert line[LIGHT] == (str(WORDS[row.clock.light]) if row.clock else "")
        assert line[OVERALL] == (str(WORDS[row.overall.light]) if row.clock and row.overall else "")
        if row.clock and row.clock.due_at:
            assert f"{timezone.localtime(row.clock.due_at):%Y-%m-%d %H:%M:%S}" in line[DUE]
        assert bool(line[CLOSED]) == (row.incident.closed_at is not None)


def test_s_16_nothing_of_the_reporter_is_in_the_file(client: Client, several: Story) -> None:
    officer = several.cast.officer
    Person.objects.filter(pk=officer.pk).update(phone="13800001234", full_name="报告人甲")
    text = taken(client, several.cast.observer, "state=any").content.decode()
    assert "13800001234" not in text and "报告人甲" not in text


def test_s_16_the_first_line_names_person_unit_moment_and_reason(client: Client, several: Story) -> None:
    response = taken(client, several.cast.town_clerk, reason=" 周例会\r\n材料 ")
    assert response.content.startswith("\ufeff".encode())
    (mark,) = lines(response)[0]
    moment = f"{timezone.localtime(several.now):%Y-%m-%d %H:%M:%S}"
    for part in (str(several.cast.town_clerk), several.cast.town.label, moment, "周例会 材料"):
        assert part in mark
    assert "no-store" in response["Cache-Control"]


def test_a_file_is_named_by_what_it_holds_and_when(client: Client, several: Story) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    named = taken(client, several.cast.observer)["Content-Disposition"]
    minute = f"{timezone.localtime(several.now):%Y%m%d-%H%M}"
    assert named == f"attachment; filename*=utf-8''%E4%BA%8B%E4%BB%B6-{minute}.csv"


def test_s_16_everybody_takes_what_they_see_and_no_more(client: Client, several: Story) -> None:
    cast = several.cast
    for person in (cast.town_clerk, cast.other_town_clerk, cast.village_head, cast.observer):
        written = {line[0].strip() for line in lines(taken(client, person, "state=any"))[2:]}
        rows = client.get(f"{reverse('incidents:list')}?state=any").context["rows"]
        assert written == {row.number for row in rows}
    assert len(written) == Incident.objects.count()
    assert taken(client, cast.other_handler, "state=any").status_code == 422, "sees none, so there is nothing"


def test_s_16_who_works_in_the_field_exports_nothing(client: Client, several: Story) -> None:
    cast = several.cast
    keeper = Person.objects.create_superuser(username="keeper", password=None)
    for person in (cast.officer, cast.assistant, cast.supervisor, cast.stranger, keeper):
        assert taken(client, person).status_code == client.get(URL).status_code == 403
        assert not client.get(reverse("incidents:list")).context["export_url"]
    Post.objects.filter(person=cast.town_clerk).update(period=(several.cast.since, several.now - timedelta(days=1)))
    assert taken(client, cast.town_clerk).status_code == 403, "a post that ended is no desk"
    assert not entries().exists()
    client.logout()
    assert client.post(URL, {"reason": "x"}).status_code == 302


@pytest.mark.parametrize("reason", ["", "  \r\n ", "字" * 201, "\u200b"])
def test_s_16_without_a_reason_nothing_is_exported_and_what_was_typed_stays(
    client: Client, several: Story, reason: str
) -> None:
    response = taken(client, several.cast.observer, "state=any", reason)
    assert response.status_code == 422 and response["Content-Type"].startswith("text/html")
    text = response.content.decode()
    assert "invalid-feedback" in text and reason.strip() in text and "state=any" in text
    assert not entries().exists()


def test_s_16_more_rows_than_allowed_are_refused_and_just_as_many_are_not(
    client: Client, several: Story, settings: Any
) -> None:
    settings.EXPORT_ROWS = Incident.objects.count()
    assert len(lines(taken(client, several.cast.observer, "state=any"))) == settings.EXPORT_ROWS + 2
    settings.EXPORT_ROWS -= 1
    for query in ("state=any", "state=any&sort=due"):
        response = taken(client, several.cast.observer, query, "年报")
        assert response.status_code == 422
        text = response.content.decode()
        assert f"More than {settings.EXPORT_ROWS} rows" in text and "年报" in text
    assert "Ask for approval" in client.get(f"{URL}?state=any").content.decode()
    settings.EXPORT_MOST = settings.EXPORT_ROWS
    assert "narrow the list" in client.get(f"{URL}?state=any").content.decode()
    assert entries().count() == 1


def test_s_16_no_cell_begins_a_formula(client: Client, several: Story) -> None:
    first, second = Incident.objects.order_by("pk")[:2]
    Incident.objects.filter(pk=first.pk).update(text='=HYPERLINK("http://x","y")')
    Incident.objects.filter(pk=second.pk).update(text="＋1;=2")
    cells = [cell for line in lines(taken(client, several.cast.observer, "state=any", "=1+1")) for cell in line]
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r\n＝＋－＠]", cell)]
    assert '\'=HYPERLINK("http://x","y")' in cells and "'＋1;=2" in cells


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_s_16_what_would_begin_a_formula_is_text(begin: str) -> None:
    assert spreadsheets.harmless(f"{begin}1") == f"'{begin}1"
    assert spreadsheets.harmless(f"1{begin}") == f"1{begin}"


def test_a_number_keeps_all_its_digits_in_a_spreadsheet() -> None:
    assert spreadsheets.digits("511111202603040001") == "511111202603040001\t"
    assert spreadsheets.digits("123") == "123"


def test_s_19_every_export_is_one_entry_of_the_audit_list(client: Client, several: Story) -> None:
    taken(client, several.cast.town_clerk, "state=any&urgency=urgent&sort=due", "周例会")
    entry = entries().get()
    assert entry.actor == several.cast.town_clerk and entry.unit == several.cast.town.pk
    assert entry.kind == "incidents_incident" and entry.address
    assert entry.after == {"rows": 1, "filters": "state=any&urgency=urgent&sort=due", "reason": "周例会"}
    client.force_login(several.cast.auditor)
    page = client.get(reverse("grids:audit"), {"act": "exported"}).content.decode()
    assert "周例会" in page


def test_s_21_what_cannot_be_written_down_is_not_exported(
    client: Client, several: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_given: Any) -> None:
        raise DatabaseError("disk full")

    client.force_login(several.cast.observer)
    client.raise_request_exception = False
    monkeypatch.setattr("grids.audit.note", broken)
    response = client.post(URL, {"reason": "周例会"})
    assert response.status_code == 500 and "路灯不亮" not in response.content.decode()
    assert not entries().exists()


def test_no_query_is_asked_per_row(client: Client, several: Story) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert taken(client, several.cast.observer, "state=any").status_code == 200
        return len(queries)

    asked()
    before = asked()
    for number in range(12):
        several.report(text=f"第{number}件")
    assert asked() == before


def test_the_list_leads_to_the_question_and_the_question_works_without_scripts(client: Client, several: Story) -> None:
    client.force_login(several.cast.observer)
    address = client.get(f"{reverse('incidents:list')}?state=any&sort=due").context["export_url"]
    assert address == f"{URL}?state=any&sort=due"
    page, fragment = client.get(address), client.get(address, headers={"hx-request": "true"})
    for answer in (page, fragment):
        text = answer.content.decode()
        assert f"{Incident.objects.count()} rows leave the house" in text
        assert 'name="reason"' in text and 'action="/incidents/export/?state=any&amp;sort=due"' in text
    assert "<html" in page.content.decode() and "<html" not in fragment.content.decode()
    assert not entries().exists(), "asking takes nothing"
