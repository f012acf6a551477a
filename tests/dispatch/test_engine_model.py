"""The engine and a plain model of it, played side by side on the real database by hypothesis.

People file, accept, return, suspend, close; time passes; some sweeps take a few rows and some die half-way; presses and
announcements come twice; the calendar changes. After each step the rows are what the model counted for itself.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dispatch import moves, notices, supervision
from dispatch.models import Approval, Assignment, Notice, ReturnReason, SweepFault
from dispatch.moves import Order
from incidents import calendar_changes, clocks, escalations, limits
from incidents.calendar_content import Content
from incidents.calendars import Hours, Special, SpecialKind
from incidents.models import Calendar, EscalationRule, IncidentEvent, TimeLimit, TimeUnit, Unannounced
from incidents.models import Clock as Row
from incidents.models import Incident as IncidentRow
from incidents.refusals import MoveRefused
from tests.dispatch.engine_model import (
    DEPARTMENT,
    DISTRICT,
    HERE,
    PERIODS,
    RULES,
    SECOND,
    TOWN,
    VILLAGE,
    Clock,
    Days,
    Incident,
)
from tests.dispatch.play import Play

LIGHTS = {"light_yellow": 1, "light_red": 2, "overdue_again": 0}
# A holiday in the week the story begins in, and a Saturday worked for it.
FIRST = Days(off=frozenset({date(2026, 3, 9)}), on=frozenset({date(2026, 3, 14)}))
WAITS = [1, 59 * 60, 3 * 3600, 86_400, 4 * 86_400]
TO_DISTRICT = "escalate escalate accept"
PASTS = ["", "accept", "escalate", "accept answer", TO_DISTRICT, f"{TO_DISTRICT} dispatch",
         f"{TO_DISTRICT} dispatch sign", f"{TO_DISTRICT} dispatch sign suspend", "escalate accept suspend"]  # fmt: skip


def rule_rows(play: Play) -> None:
    """Put the rules of the model in force for the district."""
    for stage, one in RULES.items():
        limits.set_limit(
            limit=TimeLimit(
                district=play.cast.district,
                stage=stage,
                amount=one.seconds // 3600,
                unit=TimeUnit.WORKING_HOUR if one.working else TimeUnit.HOUR,
                end_of_day=one.end_of_day,
                from_next_day=one.next_day,
            ),
            now=play.cast.since,
        )
        repeats: dict[str, Any] = {}
        if one.times:
            unit = TimeUnit.WORKING_HOUR if one.every_working else TimeUnit.HOUR
            repeats = {"repeat_every": one.every // 3600, "repeat_unit": unit, "repeat_times": one.times}
        follows = EscalationRule(district=play.cast.district, stage=stage, red_action=one.red, **repeats)
        escalations.set_rule(rule=follows, now=play.cast.since)


def content(days: Days) -> Content:
    special = [Special(day, SpecialKind.LOCAL_OFF) for day in days.off]
    special += [Special(day, SpecialKind.LOCAL_WORK) for day in days.on]
    hours = [Hours(start, end) for start, end in PERIODS]
    return Content(hours=hours, special_days=special, first_year=2025, last_year=2027, provisional_from=None)


class Dying:
    """Ends the process, as far as the code can tell, right after its `left`-th statement and before any commit."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        if "SAVEPOINT" not in sql:
            self.left -= 1
            if self.left == 0:
                raise SystemExit
        return done


class Engine(RuleBasedStateMachine):
    """One run. Everything happens in a savepoint that is rolled back at its end."""

    play: Play
    # What happened in all runs together.
    happened: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.inside = transaction.atomic()
        self.inside.__enter__()
        self.now = self.play.cast.now
        self.incidents: dict[int, Incident] = {}
        self.by_pk: dict[int, Clock] = {}
        self.unbound: list[tuple[Incident, Clock]] = []
        self.seen = IncidentEvent.objects.latest("pk").pk if IncidentEvent.objects.exists() else 0
        self.steps: Counter[tuple[int, int]] = Counter()
        self.last: dict[str, Any] = {}
        self.calendars: dict[int, tuple[Days, datetime]] = {}
        self.presses = 0

    def teardown(self) -> None:
        try:
            if self.calendars:
                self.drain()
                self.tell()
        finally:
            transaction.set_rollback(True)
            self.inside.__exit__(None, None, None)

    # -- what people do

    @initialize()
    def lay(self) -> None:
        rule_rows(self.play)
        self.calendar = Calendar.objects.create(name="模型", district=self.play.cast.district)
        self._new_version(FIRST)

    @precondition(lambda self: len(self.incidents) < 4)
    @rule(so_far=st.sampled_from(PASTS))
    def file(self, so_far: str) -> None:
        """Something is reported, and gets somewhere at once."""
        self.play.now = self.now
        row = self.play.report()
        incident = self.incidents[row.pk] = Incident(row.pk)
        self.start(incident)("accept", VILLAGE)
        self.start(incident)("overall", VILLAGE)
        assert [event.kind for event in self._events()] == ["report"]
        self._compare_births()
        for move in so_far.split():
            self.press(incident, move)

    @precondition(lambda self: self.incidents)
    @rule(which=st.integers(0, 3), move=st.integers(0, 11))
    def act(self, which: int, move: int) -> None:
        """Somebody does one of the things that can be done; ends come seldom."""
        incident = list(self.incidents.values())[which % len(self.incidents)]
        possible = [name for name in incident.moves() if name not in ("dismiss", "close") or move == 11]
        if possible:
            self.press(incident, possible[move % len(possible)])

    @precondition(lambda self: self.last)
    @rule()
    def press_again(self) -> None:
        """The same request once more, and one made on an old page: neither does anything."""
        moves.perform(**self.last | {"now": self.now})
        with pytest.raises(MoveRefused) as refused:
            stale = {"idempotency_key": "", "seen_seq": 0, "name": "escalate", "now": self.now}
            moves.perform(incident_id=self.last["incident_id"], actor=self.last["actor"], **stale)
        assert refused.value.code == "stale"
        assert self._events() == []

    def press(self, incident: Incident, name: str) -> None:
        by, real, given, until = self._given(incident, name)
        self.presses += 1
        press = {
            "incident_id": incident.pk, "name": real, "actor": getattr(self.play.cast, by), "now": self.now,
            "note": "有理由", "idempotency_key": f"press-{self.presses}", **given,
        }  # fmt: skip
        try:
            moves.perform(**press)
        except MoveRefused as refused:
            # Who did the work does not check it; that is nothing the clocks know about.
            assert refused.code == "handled_it" and name in ("close", "rework"), f"{name}: {refused.code}"
            return
        self.last = press
        incident.make(name, self.now, self.start(incident), until)
        assert not [event for event in self._events() if event.kind in LIGHTS], "only the sweep announces"
        self._compare_births()

    def _given(self, incident: Incident, name: str) -> tuple[str, str, dict[str, Any], datetime | None]:
        """Who presses which button with what; and until when, of a suspension."""
        tier = {VILLAGE: "village", TOWN: "town", DISTRICT: "district"}[incident.holder]
        cast = self.play.cast
        if name in ("sign", "feed_back", "return"):
            about = {"assignment_id": Assignment.objects.filter(incident=incident.pk).latest("pk").pk}
            return "handler", name, about | {"reason": ReturnReason.values[0]} if name == "return" else about, None
        if name == "dispatch":
            return f"{tier}_dispatcher", name, {"orders": [Order(cast.department, "请办")]}, None
        if name == "suspend":
            until = self.now + timedelta(days=3, hours=5)
            asked = {"incident_id": incident.pk, "now": self.now, "note": "等雨停", "review_at": until}
            moves.perform(name="ask_suspend", actor=getattr(cast, f"{tier}_clerk"), **asked)
            request = Approval.objects.filter(incident=incident.pk).latest("pk")
            return f"{tier}_duty_chief", "grant", {"approval_id": request.pk}, until
        if name == "reply":
            clock = incident.of("reply")[0]
            who = {VILLAGE: "village_clerk", TOWN: "town_clerk", DISTRICT: "district_clerk", DEPARTMENT: "handler"}
            return who[clock.unit], "reply_card", {"card_id": clock.subject_id}, None
        office = {"rework": "checker", "close": "checker", "resume": "duty_chief"}.get(name, "clerk")
        return f"{tier}_{office}", name, {}, None

    # -- time, calendars

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self._next() is not None)
    @rule(beside=st.sampled_from([-1, 0, 1]))
    def wait_for_the_next(self, beside: int) -> None:
        """To the very second at which something comes, or the one beside it."""
        following = self._next()
        assert following is not None
        self.now = max(self.now, following + beside * SECOND)

    @precondition(lambda self: self._next() is not None)
    @rule(how_often=st.integers(1, 3))
    def let_the_next_things_happen(self, how_often: int) -> None:
        for _time in range(how_often):
            self.now = max(self.now, self._next() or self.now)
            self.drain()

    def _next(self) -> datetime | None:
        planned = [clock.planned() for one in self.incidents.values() for clock in one.open_clocks]
        return min((moment for moment in planned if moment is not None), default=None)

    @rule(ahead=st.integers(0, 6), off=st.booleans(), at_once=st.booleans())
    def change_the_calendar(self, ahead: int, off: bool, at_once: bool) -> None:
        """A day off or a day worked, today or soon; the clocks go over at once, or as the sweep comes upon them."""
        days, day = self._newest()[0], (self.now.astimezone(HERE) + timedelta(days=ahead)).date()
        days = Days(days.off | {day}, days.on - {day}) if off else Days(days.off - {day}, days.on | {day})
        version = self._new_version(days)
        if at_once:
            calendar_changes.recompute_clocks(version=version, now=self.now)
            for clock in [clock for one in self.incidents.values() for clock in one.open_clocks]:
                clock.rebind(version.pk, days, self.now)
            assert {event.kind for event in self._events()} <= {"deadline_moved"}

    def _new_version(self, days: Days) -> Any:
        version = calendar_changes.new_version(calendar=self.calendar, content=content(days), now=self.now)
        self.calendars[version.pk] = (days, self.now)
        return version

    def _newest(self) -> tuple[Days, datetime]:
        return self.calendars[max(self.calendars)]

    # -- sweeps

    @rule(limit=st.integers(1, 5), full=st.booleans())
    def sweep(self, limit: int, full: bool) -> None:
        result = supervision.sweep(now=self.now, limit=limit, full=full, ticker="model")
        assert not result.failed
        self._take_in()

    def drain(self) -> None:
        for _pass in range(60):
            result = supervision.sweep(now=self.now, full=True, ticker="model")
            assert not result.failed and not SweepFault.objects.exists()
            self._take_in()
            if result.drained:
                break
        else:
            raise AssertionError("the sweep finds no end")
        late = [clock for one in self.incidents.values() for clock in one.open_clocks if self._is_due(clock)]
        assert not late, "everything due was taken"

    def _is_due(self, clock: Clock) -> bool:
        planned = clock.planned()
        return planned is not None and planned <= self.now

    @rule(after=st.integers(1, 24), limit=st.integers(1, 5))
    def die_half_way(self, after: int, limit: int) -> None:
        """Whatever was not committed never was; the next pass finds the rest."""
        try:
            with connection.execute_wrapper(Dying(after)):
                supervision.sweep(now=self.now, limit=limit, full=True, ticker="model")
        except SystemExit:
            self.happened["died"] += 1
        self._take_in()

    @rule()
    def tell(self) -> None:
        notices.announce_until_done(now=self.now)
        told = Notice.objects.count()
        assert notices.announce_pending(now=self.now).events == 0 == Unannounced.objects.count()
        assert Notice.objects.count() == told
        twice = Notice.objects.values("event", "person").annotate(times=Count("pk")).filter(times__gt=1)
        assert not twice.exists()

    def _take_in(self) -> None:
        """Let the model do what the sweep says it did, provided that it may be done now."""
        events = self._events()
        self._follow_calendars()
        owed: list[tuple[str, int]] = []
        moved: set[int] = set()
        planned: list[datetime] = []
        for event in events:
            incident = self.incidents[event.incident_id]
            if event.kind in LIGHTS:
                owed += self._announced(incident, event)
                planned.append(datetime.fromisoformat(event.details["planned_at"]))
            elif event.kind in ("escalate", "resume"):
                clock = self.by_pk[event.details["clock"]]
                if event.kind == "resume":
                    owed.append(("resume", clock.pk))
                    while self._is_due(clock):
                        clock.take()
                    assert clock.step == 2, "its review date came"
                assert event.actor_id is None and incident.pk not in moved, "one tier at a time"
                owed.remove((event.kind, clock.pk))
                moved.add(incident.pk)
                incident.make(event.kind, self.now, self.start(incident))
            elif event.kind == "card_issued":
                clock = self.by_pk[event.details["clock"]]
                owed.remove(("card", clock.pk))
                assert event.details["card_unit"] == clock.unit
                self.start(incident)("reply", clock.unit, subject_id=event.details["card_id"])
            else:
                assert event.kind == "deadline_moved", event.kind
        assert not owed, f"what a light means was not done: {owed}"
        self._compare_births()

    def _announced(self, incident: Incident, event: IncidentEvent) -> list[tuple[str, int]]:
        """One step of a clock, which must be the next one and due; what must follow from it."""
        clock, about = self.by_pk[event.clock_id or 0], event.details
        assert clock in incident.open_clocks and clock.state == "running", f"{clock.stage} is {clock.state}"
        assert self._is_due(clock), f"{clock.stage} {clock.step} is due at {clock.planned()}, not at {self.now}"
        assert datetime.fromisoformat(about["planned_at"]) == clock.planned(), clock.stage
        assert clock.step >= 2 or clock.version == max(self.calendars), "it went by an old calendar"
        clock.take()
        assert (LIGHTS[event.kind] or 2 + about["time"]) == clock.step
        is_last = not self._is_due(clock) or (clock.step == 2 and self._red_does(incident, clock) in ("escalate",))
        assert about["superseded"] is not is_last, f"{clock.stage} {clock.step}"
        self.steps[clock.pk, clock.step] += 1
        assert self.steps[clock.pk, clock.step] == 1
        if clock.step < 2 or about["superseded"]:
            return []
        action = self._red_does(incident, clock)
        assert about["action"] == action
        return [] if action == "remind" else [(action, clock.pk)]

    def _red_does(self, incident: Incident, clock: Clock) -> str:
        return "card" if clock.rule.red == "escalate" and incident.holder == DISTRICT else clock.rule.red

    def _follow_calendars(self) -> None:
        """Clocks the sweep came upon while they went by an old calendar go by the newest, as from when it was made."""
        newest = max(self.calendars)
        for pk in Row.objects.filter(calendar_version=newest, pk__in=self.by_pk).values_list("pk", flat=True):
            self.by_pk[pk].rebind(newest, *self.calendars[newest])

    # -- what must be true after every step

    def start(self, incident: Incident) -> Callable[..., Clock]:
        def begin(stage: str, unit: str, until: datetime | None = None, subject_id: int = 0) -> Clock:
            subject = {"sign": "assignment", "finish": "assignment", "reply": "card"}.get(stage, "incident")
            clock = Clock(stage, unit, subject, self._newest()[0], self.now, version=max(self.calendars))
            clock.subject_id = subject_id
            self.unbound.append((incident, clock.begin(until)))
            incident.clocks.append(clock)
            return clock

        return begin

    def _compare_births(self) -> None:
        """Exactly the clocks were born that should have been."""
        rows = Row.objects.exclude(pk__in=self.by_pk).filter(incident__in=self.incidents).order_by("pk")
        born = {(row.incident_id, row.stage, row.unit_id, row.subject_kind): row for row in rows}
        expected = {(one.pk, clock.stage, clock.unit, clock.subject): clock for one, clock in self.unbound}
        assert len(rows) == len(self.unbound) and born.keys() == expected.keys(), f"{born.keys()}, {expected.keys()}"
        for key, clock in expected.items():
            clock.pk, clock.subject_id = born[key].pk, born[key].subject_id
            self.by_pk[clock.pk] = clock
        self.unbound = []

    def _events(self) -> list[IncidentEvent]:
        found = list(IncidentEvent.objects.filter(pk__gt=self.seen).order_by("pk"))
        self.seen = found[-1].pk if found else self.seen
        self.happened.update(event.kind if event.actor_id else f"{event.kind} by itself" for event in found)
        return found

    @invariant()
    def all_is_as_the_model_has_it(self) -> None:
        self._clocks_are_as_counted()
        self._incidents_are_where_the_model_has_them()
        self._the_record_alone_tells_every_step()

    def _clocks_are_as_counted(self) -> None:
        rows = Row.objects.filter(incident__in=self.incidents).annotate(shown=clocks.light_sql(self.now))
        found = {row.pk: row for row in rows}
        assert found.keys() == self.by_pk.keys()
        for pk, row in found.items():
            clock = self.by_pk[pk]
            says = f"{clock.stage} of {row.incident_id}"
            light = clock.light(self.now)
            assert row.shown == clocks.light(row, self.now) == light, f"{says}: {row.shown}, counted {light}"
            real = (row.state, row.unit_id, row.pause_cause, row.final_light, row.step, row.calendar_version_id)
            assert real == (clock.state, clock.unit, clock.cause, clock.final, clock.step, clock.version), says
            assert (row.budget, row.spent) == (clock.budget, clock.spent), says
            assert (row.warn_at, row.due_at) == (clock.warn, clock.due), says
            assert row.next_at == clock.planned(), says
            if clock.state == "running" and not clock.is_red(self.now):
                assert row.spent + clock.count(row.run_since, row.due_at) == row.budget, says

    def _incidents_are_where_the_model_has_them(self) -> None:
        rows = IncidentRow.objects.filter(pk__in=self.incidents).values_list("pk", "state", "holder")
        assert {pk: (state, holder) for pk, state, holder in rows} == {
            one.pk: (one.state, one.holder) for one in self.incidents.values()
        }

    def _the_record_alone_tells_every_step(self) -> None:
        said: dict[int, list[int]] = {}
        lines = IncidentEvent.objects.filter(kind__in=LIGHTS, clock__in=self.by_pk).order_by("pk")
        for pk, kind, about in lines.values_list("clock", "kind", "details"):
            said.setdefault(pk, []).append(LIGHTS[kind] or 2 + about["time"])
        for pk, clock in self.by_pk.items():
            silent = clock.stage == "pause" and clock.step == 2
            assert said.get(pk, []) == list(range(1, clock.step + 1 - silent)), clock.stage


def test_the_engine_does_what_a_plain_model_of_it_does_whatever_happens_in_whichever_order(play: Play) -> None:
    bounds = settings(
        max_examples=25,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    happened: Counter[str] = Counter()
    run_state_machine_as_test(type("EngineOfThePlay", (Engine,), {"play": play, "happened": happened}), settings=bounds)
    by_people = {"report", "accept", "escalate", "send_back", "dispatch", "signed", "returned", "fed_back", "suspend"}
    by_itself = {*LIGHTS, "escalate", "resume", "card_issued", "deadline_moved"}
    missing = {*by_people, "died", *(f"{kind} by itself" for kind in by_itself)} - happened.keys()
    assert not missing, happened
