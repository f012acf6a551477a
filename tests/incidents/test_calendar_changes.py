"""A change of a calendar is drafted, counted through, applied in slices; what was foretold is what happens."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grids.models import Person, Unit
from incidents import (
    calendar_changes,
    calendar_content,
    calendar_drafts,
    calendar_effects,
    calendar_files,
    calendar_imports,
    calendar_package,
    calendar_rows,
    calendar_warnings,
    clocks,
    limits,
)
from incidents.calendar_content import Content
from incidents.calendar_drafts import ChangeRefused
from incidents.calendars import Special, SpecialKind
from incidents.models import (
    Calendar,
    CalendarChange,
    CalendarVersion,
    Clock,
    IncidentEvent,
    PauseCause,
    TimeLimit,
    TimeUnit,
)
from incidents.states import Stage
from incidents.templatetags import lights
from tests.incidents import ground
from tests.incidents.ground import at

FRIDAY = at("2026-11-20 16:00")
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def units(db: None) -> dict[str, Unit]:
    return ground.lay()


@pytest.fixture
def common(units: dict[str, Unit]) -> Calendar:
    return Calendar.objects.get(district=None, by_name_only=False)


@pytest.fixture
def wang(db: None) -> Person:
    return Person.objects.create_user(username="wang", password=None, full_name="王芳")


@pytest.fixture
def li(db: None) -> Person:
    return Person.objects.create_user(username="li", password=None, full_name="李强")


def started(units: dict[str, Unit], stage: Stage = Stage.HANDLE, now: datetime = FRIDAY) -> Clock:
    incident = ground.incident(units, now=now)
    return clocks.start(incident=incident, unit=units[ground.VILLAGE], stage=stage, now=now)


def content_of(calendar: Calendar) -> Content:
    version = calendar.versions.first()
    assert version is not None
    return calendar_changes.content_of(version)


def off(calendar: Calendar, *days: date, name: str = "防汛") -> Content:
    content = content_of(calendar)
    for day in days:
        content = calendar_content.with_local(content, first=day, last=day, kind=SpecialKind.LOCAL_OFF, name=name)
    return content


def drafted(
    calendar: Calendar, content: Content, author: Person | None = None, now: datetime = FRIDAY
) -> CalendarChange:
    change = calendar_drafts.begin(calendar=calendar, content=content, author=author, now=now)
    return calendar_drafts.work(change_id=change.pk, now=lambda: now)


def applied(change: CalendarChange, now: datetime = FRIDAY) -> CalendarChange:
    calendar_drafts.apply(change_id=change.pk, revision=change.revision, by=change.author, now=now)
    return calendar_drafts.work(change_id=change.pk, now=lambda: now)


def effect_of(change: CalendarChange) -> calendar_effects.Effect:
    return calendar_effects.from_json(change.found)


def test_a_draft_says_what_would_move_and_moves_nothing(units: dict[str, Unit], common: Calendar, wang: Person) -> None:
    clock = started(units)
    change = drafted(common, off(common, MONDAY), wang)
    effect = effect_of(change)
    assert (change.state, change.done, change.total) == ("ready", 1, 1)
    assert effect.moved == 1 and effect.earlier is None and effect.later is not None
    assert effect.later.count == 1, "a weekend lies in the ten working days"
    assert (effect.later.passed.median, effect.later.worked.median) == (3 * 86_400, 7 * 3600)
    assert [one.clock for one in effect.furthest] == [clock.pk]
    before = clock.due_at
    clock.refresh_from_db()
    assert clock.due_at == before == effect.furthest[0].before
    assert calendar_rows.current_version(district_id=ground.DISTRICT) == change.base
    done = applied(change)
    clock.refresh_from_db()
    assert (done.state, done.moved, clock.due_at) == ("applied", 1, effect.furthest[0].after)
    assert done.version is not None and done.version.made_by == wang
    assert IncidentEvent.objects.get(kind="deadline_moved").clock == clock


def test_the_next_pages_find_the_draft_and_nobody_else_begins_another(
    common: Calendar, wang: Person, li: Person
) -> None:
    change = drafted(common, off(common, MONDAY), wang)
    assert calendar_drafts.in_flight(common) == change
    with pytest.raises(ChangeRefused, match="王芳") as busy:
        calendar_drafts.begin(calendar=common, content=off(common, TUESDAY), author=li, now=FRIDAY)
    assert busy.value.code == "busy"
    with pytest.raises(ChangeRefused, match="王芳"):
        calendar_drafts.edit(change_id=change.pk, revision=0, content=off(common, TUESDAY), author=li, now=FRIDAY)
    edited = calendar_drafts.edit(
        change_id=change.pk, revision=0, content=off(common, MONDAY, TUESDAY), author=wang, now=FRIDAY
    )
    assert (edited.state, edited.revision) == ("previewing", 1)
    for refused, code in (
        (lambda: calendar_drafts.apply(change_id=change.pk, revision=1, by=wang, now=FRIDAY), "early"),
        (lambda: calendar_drafts.edit(change_id=change.pk, revision=0, content=off(common), author=wang, now=FRIDAY),
         "stale"),
    ):  # fmt: skip
        with pytest.raises(ChangeRefused) as why:
            refused()
        assert why.value.code == code
    calendar_drafts.abandon(change_id=change.pk, now=FRIDAY)
    assert calendar_drafts.in_flight(common) is None
    assert drafted(common, off(common, TUESDAY), li).state == "ready"


def test_a_draft_that_rests_on_an_older_version_is_refused_by_its_numbers(common: Calendar, wang: Person) -> None:
    change = drafted(common, off(common, MONDAY), wang)
    calendar_changes.new_version(calendar=common, content=off(common, TUESDAY), now=FRIDAY)
    with pytest.raises(ChangeRefused, match=r"1.*2") as outdated:
        calendar_drafts.apply(change_id=change.pk, revision=0, by=wang, now=FRIDAY)
    assert outdated.value.code == "outdated"


def test_a_change_that_changes_nothing_or_leaves_no_work_is_refused(common: Calendar, wang: Person) -> None:
    with pytest.raises(ChangeRefused) as same:
        calendar_drafts.begin(calendar=common, content=content_of(common), author=wang, now=FRIDAY)
    assert same.value.code == "unchanged"
    empty = replace(content_of(common), special_days=[], weekdays=frozenset())
    with pytest.raises(calendar_rows.CalendarError, match="no working day"):
        calendar_drafts.begin(calendar=common, content=empty, author=wang, now=FRIDAY)
    assert not CalendarChange.objects.exists()


# What is foretold is what happens

_DAYS = st.dates(min_value=date(2026, 11, 10), max_value=date(2026, 12, 31))
_LOCAL = st.sampled_from([SpecialKind.LOCAL_OFF, SpecialKind.LOCAL_WORK])
_EDITS = st.lists(st.tuples(_DAYS, _LOCAL), min_size=1, max_size=6)
_PERIODS = st.sampled_from(["", "09:00-12:00", "08:30-12:00,14:00-18:00"])


@given(edits=_EDITS, periods=_PERIODS, minutes=st.integers(min_value=0, max_value=60 * 24 * 12))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_counted_is_what_applying_does(
    mixed: list[Clock], common: Calendar, edits: list[Any], periods: str, minutes: int
) -> None:
    now = FRIDAY + timedelta(minutes=minutes)
    content = content_of(common)
    for day, kind in edits:
        content = calendar_content.with_local(content, first=day, last=day, kind=kind)
    if periods:
        content = calendar_content.with_hours(content, hours=calendar_files.hours(periods), weekdays=content.weekdays)
    if calendar_content.same(content, content_of(common)):
        return
    before = {clock.pk: clock for clock in Clock.objects.exclude(state="stopped")}
    change = drafted(common, content, now=now)
    effect = effect_of(change)
    done = applied(change, now=now)
    after = {clock.pk: clock for clock in Clock.objects.exclude(state="stopped")}
    moves = {pk: (before[pk].due_at, clock.due_at) for pk, clock in after.items() if clock.due_at != before[pk].due_at}
    assert done.moved == effect.moved == len(moves)
    assert (effect.later.count if effect.later else 0) == sum(new > old for old, new in moves.values())
    assert {one.clock: (one.before, one.after) for one in effect.furthest} == moves
    lit = [(clocks.light(before[pk], now), clocks.light(after[pk], now)) for pk in before]
    assert effect.yellow == sum(one != "yellow" and other == "yellow" for one, other in lit)
    assert effect.relieved == sum(one == "yellow" and other != "yellow" for one, other in lit)
    assert all((one == "red") == (other == "red") for one, other in lit), "late by no change, in time by no change"
    assert all(clock.due_at >= now or clock.due_at == before[pk].due_at for pk, clock in after.items())
    assert all(clock.calendar_version_id == done.version_id for clock in after.values())


@pytest.fixture
def few_years(db: None) -> None:
    """A calendar that is built quickly: every example makes two of them."""
    call_command("load_calendar", first_year=2025, last_year=2028, verbosity=0)


@pytest.fixture
def mixed(few_years: None, units: dict[str, Unit]) -> list[Clock]:
    """Clocks of several stages and ages, in natural and working time, running, paused and late."""
    found = [
        started(units, stage, now=FRIDAY - timedelta(days=days, hours=days))
        for stage in (Stage.ACCEPT, Stage.HANDLE, Stage.OVERALL)
        for days in (0, 2, 5)
    ]
    clocks.pause(clock=found[3], now=FRIDAY, cause=PauseCause.DISPATCH)
    return found


# Long changes


def test_a_process_that_dies_in_the_middle_loses_one_slice_and_doubles_nothing(
    units: dict[str, Unit], common: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_at = min([started(units).due_at for _ in range(5)])
    monkeypatch.setattr(calendar_changes, "BATCH", 2)
    monkeypatch.setattr(calendar_drafts, "SLICE", 2)
    change = calendar_drafts.begin(calendar=common, content=off(common, MONDAY), author=None, now=FRIDAY)
    change = calendar_drafts.work(change_id=change.pk, now=lambda: FRIDAY, enough=lambda: True)
    assert (change.state, change.done) == ("previewing", 2)
    change = calendar_drafts.work(change_id=change.pk, now=lambda: FRIDAY)
    assert (change.state, change.done, effect_of(change).moved) == ("ready", 5, 5)
    calendar_drafts.apply(change_id=change.pk, revision=0, by=None, now=FRIDAY)
    dies_at(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        calendar_drafts.work(change_id=change.pk, now=lambda: FRIDAY)
    change.refresh_from_db()
    assert (change.state, change.done, change.moved) == ("applying", 2, 2)
    assert IncidentEvent.objects.filter(kind="deadline_moved").count() == 2
    monkeypatch.undo()
    born_meanwhile(units, change, due_at)
    said = io.StringIO()
    call_command("change_calendars", stdout=said)
    assert "applied, 6 of 6 clocks, 6 deadlines moved" in said.getvalue()
    told = IncidentEvent.objects.filter(kind="deadline_moved")
    assert told.count() == 6 and len(set(told.values_list("clock", flat=True))) == 6
    assert not calendar_changes.following(common).exclude(calendar_version=change.version_id).exists()


def dies_at(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill the process in the batch of that number, after its clocks were written."""
    real, calls = calendar_changes.records.write, [0]

    def write(events: Any) -> None:
        real(events)
        calls[0] += 1
        if calls[0] == batch:
            raise KeyboardInterrupt

    monkeypatch.setattr(calendar_changes.records, "write", write)


def born_meanwhile(units: dict[str, Unit], change: CalendarChange, due_at: datetime) -> None:
    """A clock of an incident passed already, started by a press that had looked at the calendar before."""
    clock = started(units)
    Clock.objects.filter(pk=clock.pk).update(calendar_version=change.base_id, due_at=due_at)
    CalendarChange.objects.filter(pk=change.pk).update(cursor=clock.incident_id)


def test_two_who_go_on_at_once_do_not_do_the_same_twice(common: Calendar, units: dict[str, Unit]) -> None:
    started(units)
    change = applied(drafted(common, off(common, MONDAY)))
    again = calendar_drafts.work(change_id=change.pk, now=lambda: FRIDAY)
    assert (again.state, again.moved) == ("applied", 1)
    with pytest.raises(ChangeRefused):
        calendar_drafts.apply(change_id=change.pk, revision=0, by=None, now=FRIDAY)
    with pytest.raises(ChangeRefused):
        calendar_drafts.abandon(change_id=change.pk, now=FRIDAY)


# Whose calendar


def test_a_district_s_own_calendar_is_a_copy_that_its_clocks_go_over_to(
    units: dict[str, Unit], common: Calendar, wang: Person
) -> None:
    clock = started(units)
    change = calendar_drafts.own_calendar(district=units[ground.DISTRICT], author=wang, now=FRIDAY)
    change = calendar_drafts.work(change_id=change.pk, now=lambda: FRIDAY)
    assert (effect_of(change).clocks, effect_of(change).moved) == (1, 0)
    edited = calendar_drafts.edit(
        change_id=change.pk, revision=0, content=off(common, MONDAY, name="三月三"), author=wang, now=FRIDAY
    )
    done = applied(calendar_drafts.work(change_id=edited.pk, now=lambda: FRIDAY))
    clock.refresh_from_db()
    assert (clock.calendar_version_id, done.moved) == (done.version_id, 1)
    with pytest.raises(ChangeRefused):
        calendar_drafts.own_calendar(district=units[ground.DISTRICT], author=wang, now=FRIDAY)
    moved = drafted(common, off(common, TUESDAY))
    assert effect_of(moved).clocks == 0, "the common calendar is no longer theirs"


def test_a_limit_that_names_a_calendar_is_not_moved_by_the_district_s(
    units: dict[str, Unit], common: Calendar, wang: Person
) -> None:
    always = Calendar.objects.get(name=calendar_imports.ROUND_THE_CLOCK_NAME)
    terms = {"stage": Stage.HANDLE, "amount": 12, "unit": TimeUnit.WORKING_HOUR}
    limits.set_limit(limit=TimeLimit(**terms, calendar=always), now=FRIDAY - timedelta(minutes=1))
    clock = started(units)
    Clock.objects.filter(pk=clock.pk).update(calendar_version=always.versions.get())
    assert effect_of(drafted(common, off(common, MONDAY), wang)).clocks == 0
    own = calendar_drafts.own_calendar(district=units[ground.DISTRICT], author=wang, now=FRIDAY)
    done = applied(calendar_drafts.work(change_id=own.pk, now=lambda: FRIDAY))
    assert (done.total, done.moved) == (0, 0)
    clock.refresh_from_db()
    assert clock.calendar_version.calendar == always


# The command


def told_by(*args: str, **options: Any) -> str:
    said = io.StringIO()
    call_command("load_calendar", *args, stdout=said, **options)
    return said.getvalue()


def test_the_command_loads_once_from_2004_on_and_says_so(db: None) -> None:
    assert "loaded" in told_by()
    (version,) = CalendarVersion.objects.filter(calendar__by_name_only=False)
    assert (version.first_year, version.provisional_from) == (2004, date(2027, 1, 1))
    assert version.source == calendar_package.source()
    assert "kept" in told_by()
    assert Calendar.objects.filter(by_name_only=True).count() == 1
    assert calendar_rows.current_version(district_id=ground.DISTRICT) == version


def test_a_newer_release_of_the_package_is_taken_over_and_local_days_stay(
    units: dict[str, Unit], common: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = started(units, now=at("2026-12-28 10:00"))
    shown = clocks.shown(clock, at("2026-12-28 10:00"))
    assert shown.provisional and lights.rest_of(shown).endswith("left · provisional")
    applied(drafted(common, off(common, MONDAY)))
    notice = [Special(date(2027, 1, day), SpecialKind.HOLIDAY, "元旦") for day in range(1, 16)]
    published = [*calendar_package.published(), *notice]
    monkeypatch.setattr(calendar_package, "published", lambda: published)
    assert "kept" in told_by(), "the same release is not believed twice"
    monkeypatch.setattr(calendar_package, "source", lambda: "chinesecalendar 1.12.0")
    assert "1 move later" in told_by(preview=True)
    assert common.versions.count() == 2
    assert "1 running deadlines moved" in told_by()
    version = calendar_rows.current_version(district_id=ground.DISTRICT)
    assert (version.number, version.provisional_from) == (3, date(2028, 1, 1))
    assert version.days.filter(date=MONDAY, kind="local_off").exists()
    clock.refresh_from_db()
    assert not clocks.shown(clock, at("2026-12-28 10:00")).provisional
    assert "kept" in told_by()


def test_a_file_is_left_as_a_draft_when_asked_and_refused_while_somebody_drafts(
    common: Calendar, wang: Person, tmp_path: Path
) -> None:
    lines = "".join(f"2027-01-{day:02},holiday,元旦\n" for day in range(1, 15))
    file = tmp_path / "notice.csv"
    file.write_text("date,kind,festival\n" + lines, encoding="utf-8")
    assert "left as a draft" in told_by(str(file), draft=True)
    with pytest.raises(CommandError, match="apply or abandon"):
        told_by(str(file))
    assert "kept: the system is changing" in told_by(renew=True), "an upgrade goes on without it"
    file.write_text("date,kind\n2027-13-01,holiday\n")
    with pytest.raises(CommandError, match="line 2"):
        told_by(str(file))


def test_from_december_on_a_provisional_year_is_warned_of(common: Calendar) -> None:
    assert calendar_warnings.provisional_warning(at("2026-11-30 23:59")) == []
    (warning,) = calendar_warnings.provisional_warning(at("2026-12-01 00:00"))
    assert (warning.calendar, warning.code, warning.year) == (common, "provisional", 2027)
    found = calendar_warnings.provisional_warning(at("2029-06-01 00:00"))
    assert {(each.code, each.year) for each in found} >= {("ends", 2031)}


def test_a_version_never_changes_whoever_tries(common: Calendar) -> None:
    version = common.versions.get()
    for rows in (CalendarVersion.objects.filter(pk=version.pk), version.days.all(), version.periods.all()):
        for tried in (lambda rows=rows: rows.update(id=-1), lambda rows=rows: rows._raw_delete(rows.db)):
            with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
                tried()
