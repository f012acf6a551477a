"""The calendar's pages: a year at a glance, a draft with its effect, two administrators, files that are no calendar."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatch import supervision
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import AuditEntry, Person
from grids.posts import appoint
from incidents import calendar_drafts, calendar_rows
from incidents.models import Calendar, CalendarChange, Clock, IncidentEvent
from incidents.states import Stage
from tests.incidents.story import Story


def signed_in(person: Person) -> Client:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.force_login(person)
    return client


@pytest.fixture
def admin(story: Story) -> Client:
    return signed_in(story.cast.administrator)


@pytest.fixture
def common(story: Story) -> Calendar:
    return calendar_rows.current_version(district_id="511111").calendar


def change(client: Client, calendar: Calendar, act: str, **given: Any) -> HttpResponse:
    fields = {f"{act}-{name}": value for name, value in given.items() if name != "revision"}
    url = reverse("governance:calendar_change", args=[calendar.pk])
    return client.post(url, {"act": act, "revision": given.get("revision", ""), **fields})


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def test_the_year_shows_every_kind_of_day_in_words(admin: Client, common: Calendar) -> None:
    page = text(admin.get(reverse("governance:calendar"), {"year": 2026}))
    assert "2026-02-14 Make-up workday · Spring Festival" in page
    assert "2026-10-01 Statutory holiday · National Day" in page
    assert "09:00-12:00" in page and ">248<" in page
    assert page.count("is-provisional") == 1, "in the legend"
    next_year = text(admin.get(reverse("governance:calendar"), {"year": 2027}))
    assert next_year.count("is-provisional") > 300
    assert "2027-02-06 Statutory holiday · Spring Festival" in next_year
    for odd in ("1066", "x", "99999", ""):
        assert (
            admin.get(reverse("governance:calendar"), {"year": odd, "version": "x", "calendar": "y"}).status_code == 200
        )
    always = text(admin.get(reverse("governance:calendar"), {"calendar": Calendar.objects.get(by_name_only=True).pk}))
    assert "00:00-24:00" in always and ">365<" in always


def test_a_local_day_is_drafted_looked_at_and_applied(story: Story, admin: Client, common: Calendar) -> None:
    story.now = timezone.now()
    story.report()
    clock = Clock.objects.filter(stage=Stage.OVERALL).latest("pk")
    before = calendar_rows.current_version(district_id="511111")
    first = timezone.localdate() + timedelta(days=1)
    given = {"first": first, "last": first + timedelta(days=6), "kind": "local_off", "name": "防汛"}
    assert change(admin, common, "days", **given).status_code == 302
    draft = CalendarChange.objects.get()
    assert draft.state == "ready" and draft.author == story.cast.administrator
    page = text(admin.get(reverse("governance:calendar_change", args=[common.pk])))
    assert "防汛" in page and "Local day off" in page
    assert calendar_rows.current_version(district_id="511111") == before, "nothing is in force yet"
    again = change(admin, common, "hours", hours="09:00-12:00,14:00-18:00", weekdays=[0, 1, 2, 3, 4], revision=0)
    assert again.status_code == 302
    draft.refresh_from_db()
    assert (draft.revision, CalendarChange.objects.count()) == (1, 1)
    stale = admin.post(reverse("governance:calendar_apply", args=[common.pk]), {"revision": 0}, follow=True)
    assert "edited since this page was opened" in text(stale)
    done = admin.post(reverse("governance:calendar_apply", args=[common.pk]), {"revision": 1}, follow=True)
    assert "Version 2 is in force" in text(done)
    draft.refresh_from_db()
    assert (draft.state, draft.moved > 0) == ("applied", True)
    assert draft.moved == IncidentEvent.objects.filter(kind="deadline_moved").count()
    clock.refresh_from_db()
    assert clock.calendar_version_id == draft.version_id
    noted = AuditEntry.objects.filter(kind="incidents_calendarversion", actor=story.cast.administrator)
    assert any("防汛" in str(entry.after) for entry in noted)
    assert "Last change: version 2" in text(admin.get(reverse("governance:calendar_change", args=[common.pk])))


def test_a_second_administrator_is_told_who_is_at_it_and_may_only_abandon(
    story: Story, admin: Client, common: Calendar
) -> None:
    other = Person.objects.create_user(username="admin2", password=None, full_name="李管理")
    appoint(unit=story.cast.district, person=other, duty=Duty.ADMINISTRATOR, since=story.cast.since)
    second = signed_in(other)
    day = timezone.localdate() + timedelta(days=30)
    given = {"first": day, "kind": "local_off", "name": "赶场"}
    change(admin, common, "days", **given)
    refused = change(second, common, "days", **given, revision=0)
    assert refused.status_code == 422 and story.cast.administrator.full_name in text(refused)
    assert "Put into the draft" not in text(second.get(reverse("governance:calendar_change", args=[common.pk])))
    gone = second.post(reverse("governance:calendar_abandon", args=[common.pk]), follow=True)
    assert "nothing changed" in text(gone)
    late = admin.post(reverse("governance:calendar_apply", args=[common.pk]), {"revision": 0}, follow=True)
    assert "no draft any more" in text(late)
    assert common.versions.count() == 1


@pytest.mark.parametrize(
    ("act", "given", "said"),
    [
        ("days", {"first": "2026-12-24", "kind": "local_off", "name": ""}, "Say why"),
        ("days", {"first": "2026-12-24", "last": "2026-12-20", "kind": "local_off", "name": "x"}, "before the first"),
        ("days", {"first": "2026-12-24", "kind": "", "name": ""}, "no local day to take away"),
        ("days", {"first": "soon", "kind": "local_off", "name": "x"}, "valid date"),
        ("hours", {"hours": "9-12", "weekdays": [0]}, "no work period"),
        ("hours", {"hours": "09:00-12:00,11:00-13:00", "weekdays": [0]}, "overlap"),
        ("hours", {"hours": "12:00-09:00", "weekdays": [0]}, "ends before it begins"),
        ("hours", {"hours": "09:00-12:00,13:30-17:30", "weekdays": [0, 1, 2, 3, 4]}, "says the same already"),
    ],
)
def test_what_cannot_be_a_calendar_is_refused_at_its_form(
    admin: Client, common: Calendar, act: str, given: dict[str, Any], said: str
) -> None:
    answer = change(admin, common, act, **given)
    assert answer.status_code == 422 and said in text(answer)
    assert not CalendarChange.objects.exists()


def test_a_file_is_read_or_refused_with_its_line(admin: Client, common: Calendar) -> None:
    bad = SimpleUploadedFile("2027.csv", b"date,kind\n2027-01-01,holiday\n2027-01-02,feast\n")
    answer = change(admin, common, "file", file=bad)
    assert answer.status_code == 422 and "line 3" in text(answer) and "feast" in text(answer)
    days = "".join(f"2027-01-{day:02},休,元旦\n" for day in range(1, 15))
    good = SimpleUploadedFile("2027.csv", f"date,kind,festival\n{days}".encode("gb18030"))
    assert change(admin, common, "file", file=good).status_code == 302
    page = text(admin.get(reverse("governance:calendar_change", args=[common.pk])))
    assert "2027-01-01 – 01-14" in page or "2027-01-02 – 01-14" in page


def test_the_package_s_days_are_taken_into_a_draft_once(admin: Client, common: Calendar) -> None:
    assert change(admin, common, "package").status_code == 302
    assert "Covers 2004 to 2030" in text(admin.get(reverse("governance:calendar_change", args=[common.pk])))
    again = change(admin, common, "package", revision=0)
    assert again.status_code == 422 and "not here already" in text(again)


def test_a_district_gets_a_calendar_of_its_own(story: Story, admin: Client, common: Calendar) -> None:
    story.now = timezone.now()
    story.report()
    answer = admin.post(reverse("governance:calendar_own"), {"district": "511111"}, follow=True)
    own = Calendar.objects.get(district="511111")
    assert answer.redirect_chain[-1][0] == reverse("governance:calendar_change", args=[own.pk])
    assert "as a copy of the common one" in text(answer)
    admin.post(reverse("governance:calendar_apply", args=[own.pk]), {"revision": 0})
    assert calendar_rows.current_version(district_id="511111").calendar == own
    assert not Clock.objects.exclude(state="stopped").exclude(calendar_version__calendar=own).exists()
    assert "Draft a copy" not in text(admin.get(reverse("governance:calendar")))


def test_a_district_goes_back_to_the_common_calendar_and_its_deadlines_with_it(
    story: Story, admin: Client, common: Calendar
) -> None:
    story.now = timezone.now()
    incident = story.report()
    running = Clock.objects.filter(incident=incident).exclude(state="stopped")
    by_common = {clock.pk: clock.due_at for clock in running}
    admin.post(reverse("governance:calendar_own"), {"district": "511111"})
    own = Calendar.objects.get(district="511111")
    for number in range(1, 5):
        day = timezone.localdate() + timedelta(days=number)
        change(admin, own, "days", first=day, kind="local_off", name="防汛", revision=number - 1)
    admin.post(reverse("governance:calendar_apply", args=[own.pk]), {"revision": 4})
    assert any(clock.due_at != by_common[clock.pk] for clock in running.all())
    assert "Draft the way back" in text(admin.get(reverse("governance:calendar"), {"calendar": own.pk}))

    answer = admin.post(reverse("governance:calendar_join", args=[own.pk]), follow=True)
    assert "Back to the common calendar" in text(answer) and "Put into the draft" not in text(answer)
    draft = CalendarChange.objects.get(calendar=own, state="ready")
    assert draft.joins == common.versions.first() and draft.found["clocks"] == running.count()
    assert change(admin, own, "days", first=timezone.localdate(), kind="local_off", revision=0).status_code != 302
    said = admin.post(reverse("governance:calendar_apply", args=[own.pk]), {"revision": 0}, follow=True)
    assert "The common calendar is followed again" in text(said)
    assert calendar_rows.current_version(district_id="511111").calendar == common
    assert {clock.pk: clock.due_at for clock in running.all()} == by_common
    assert not running.exclude(calendar_version__calendar=common).exists()
    own.refresh_from_db()
    assert own.by_name_only and "until" in own.name
    assert "Draft a copy" in text(admin.get(reverse("governance:calendar"))), "and it may have one of its own again"
    assert admin.post(reverse("governance:calendar_own"), {"district": "511111"}).status_code == 302
    assert Calendar.objects.filter(district="511111", by_name_only=False).exists()


def test_the_way_back_is_refused_once_the_common_calendar_changed(
    story: Story, admin: Client, common: Calendar
) -> None:
    admin.post(reverse("governance:calendar_own"), {"district": "511111"})
    own = Calendar.objects.get(district="511111")
    admin.post(reverse("governance:calendar_apply", args=[own.pk]), {"revision": 0})
    admin.post(reverse("governance:calendar_join", args=[own.pk]))
    change(admin, common, "days", first=timezone.localdate() + timedelta(days=1), kind="local_off", name="防汛")
    admin.post(reverse("governance:calendar_apply", args=[common.pk]), {"revision": 0})
    said = admin.post(reverse("governance:calendar_apply", args=[own.pk]), {"revision": 0}, follow=True)
    assert "The common calendar was changed since" in text(said)
    assert calendar_rows.current_version(district_id="511111").calendar == own


def test_while_a_district_goes_back_no_clock_turns_red_by_the_calendar_it_leaves(
    story: Story, admin: Client, common: Calendar
) -> None:
    story.now = timezone.now()
    admin.post(reverse("governance:calendar_own"), {"district": "511111"})
    own = Calendar.objects.get(district="511111")
    admin.post(reverse("governance:calendar_apply", args=[own.pk]), {"revision": 0})
    for number in range(1, 5):
        day = timezone.localdate() + timedelta(days=number)
        change(admin, common, "days", first=day, kind="local_off", name="防汛", revision=max(0, number - 2))
    admin.post(reverse("governance:calendar_apply", args=[common.pk]), {"revision": 3})
    accept = Clock.objects.get(incident=story.report(), stage="accept")
    by_own = accept.due_at
    admin.post(reverse("governance:calendar_join", args=[own.pk]))
    CalendarChange.objects.filter(calendar=own, state="ready").update(state="applying", applied_at=timezone.now())
    assert supervision.sweep(now=by_own + timedelta(seconds=1)).lights == 0
    accept.refresh_from_db()
    assert accept.step == 0 and accept.due_at > by_own and accept.calendar_version.calendar == common


def test_a_long_count_goes_on_without_the_page(
    story: Story, admin: Client, common: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    from governance.views import calendar_change
    from incidents import tasks

    woken: list[bool] = []
    monkeypatch.setattr(tasks, "wake", lambda: woken.append(True))
    monkeypatch.setattr(calendar_change, "SECONDS_AT_ONCE", -1)
    monkeypatch.setattr(calendar_drafts, "SLICE", 1)
    for _ in range(3):
        story.report()
    day = timezone.localdate() + timedelta(days=1)
    change(admin, common, "days", first=day, kind="local_off", name="防汛")
    assert woken == [True]
    effect = reverse("governance:calendar_effect", args=[common.pk])
    assert "hx-get" in text(admin.get(effect)) and "Counting through" in text(admin.get(effect))
    tasks.change_calendars()
    assert "hx-get" not in text(admin.get(effect))
    admin.post(reverse("governance:calendar_apply", args=[common.pk]), {"revision": 0})
    assert CalendarChange.objects.get().state == "applying" and "is in force" in text(admin.get(effect))
    tasks.change_calendars()
    assert CalendarChange.objects.get().state == "applied"
    assert admin.get(effect)["HX-Redirect"] == reverse("governance:calendar_change", args=[common.pk])


def test_who_administers_one_of_several_districts_only_reads_the_common_calendar(
    story: Story, admin: Client, common: Calendar
) -> None:
    from grids.hierarchy import create_unit

    create_unit(code="510107", kind=UnitKind.DISTRICT, name="邻区", now=story.cast.since)
    page = text(admin.get(reverse("governance:calendar")))
    assert "Change the calendar" not in page and "Draft a copy" in page
    assert admin.get(reverse("governance:calendar_change", args=[common.pk])).status_code == 403
