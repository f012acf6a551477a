"""The clocks of an incident that began elsewhere: the other system's deadline as a fact, and fresh time for us.

What ended gets its `overall` clock with the source's own due moment and the light that follows from it. What goes on
gets the same clock running, and a fresh one for the next step, counted from the moment of the import: nobody here is
late yet. A deadline that had passed elsewhere shows red and is announced to nobody a second time. Where the source set
no deadline, the whole run of an open incident is measured from the import by the limit of the house.
"""

from datetime import datetime

from grids.levels import UnitKind
from incidents import calendar_rows, clock_rules, limits
from incidents.calendars import Calendar, whole_second
from incidents.clock_rules import NOTHING_SAID, RED_SAID, YELLOW_SAID, Plan, Terms
from incidents.imports.checks import Draft
from incidents.models import Clock, ClockState, Incident, Light, TimeLimit
from incidents.states import STAGE_OF_STATE, Stage, State

# Without a limit of the house that counts natural time, yellow is of no account.
_NO_TERMS = Terms(seconds=0, yellow_seconds=None, end_of_day=False, working=False)


def light_at_end(state: State, *, closed: datetime, due: datetime | None) -> Light:
    """The light with which the whole run ended: green only for what was done in time, as everywhere."""
    if due is None:
        return Light.NONE
    if whole_second(closed) > whole_second(due):
        return Light.RED
    return Light.GREEN if state == State.CLOSED else Light.NONE


class ClockMaker:
    """Makes the clocks of one import; limits are looked up once per case."""

    def __init__(self, *, district: str, now: datetime) -> None:
        self.district, self.now = district, whole_second(now)
        self.version_id = calendar_rows.current_version(district_id=district).pk
        self.natural = calendar_rows.calendar_for(self.version_id, working=False)
        self._limits: dict[tuple[int | None, str, Stage, UnitKind], TimeLimit] = {}
        self._plans: dict[int, Plan] = {}

    def of(self, incident: Incident, draft: Draft, kind: UnitKind) -> list[Clock]:
        """The clocks, unsaved and without ids; `kind` is that of the unit that holds it."""
        if draft.closed is not None:
            return [self._ended(incident, draft, draft.closed, kind)]
        stage = STAGE_OF_STATE[draft.state]
        fresh = self._fresh(incident, draft, stage, kind)
        if draft.due is None:
            return [fresh, self._fresh(incident, draft, Stage.OVERALL, kind)]
        return [fresh, self._running(incident, draft, draft.due, kind)]

    def _ended(self, incident: Incident, draft: Draft, closed: datetime, kind: UnitKind) -> Clock:
        light = light_at_end(draft.state, closed=closed, due=draft.due)
        limit, plan = self._by_date(draft, draft.due or closed, kind)
        spent = self.natural.elapsed(draft.opened, closed)
        late = draft.due is not None and closed > draft.due
        return self._clock(
            incident,
            Stage.OVERALL,
            limit if draft.due else None,
            plan,
            state=ClockState.STOPPED,
            started_at=draft.opened,
            stopped_at=closed,
            spent=max(spent, plan.budget + 1) if late else min(spent, plan.budget),
            final_light=light,
        )

    def _running(self, incident: Incident, draft: Draft, due: datetime, kind: UnitKind) -> Clock:
        limit, plan = self._by_date(draft, due, kind)
        step = NOTHING_SAID
        if plan.warn_at <= self.now:
            step = YELLOW_SAID
        if clock_rules.red_at(plan.due_at) <= self.now:
            step = RED_SAID
        next_at = clock_rules.next_moment(step=step, warn_at=plan.warn_at, due_at=plan.due_at)
        return self._clock(
            incident,
            Stage.OVERALL,
            limit,
            plan,
            started_at=draft.opened,
            run_since=draft.opened,
            step=step,
            next_at=next_at,
        )

    def _fresh(self, incident: Incident, draft: Draft, stage: Stage, kind: UnitKind) -> Clock:
        limit = self._limit(draft, stage, kind)
        plan = self._plans.get(limit.pk)
        if plan is None:
            given = limits.terms_of(limit.pk, self.version_id)
            calendar: Calendar = calendar_rows.calendar_for(self.version_id, working=given.working)
            plan = self._plans[limit.pk] = clock_rules.plan(given=given, calendar=calendar, since=self.now)
        next_at = clock_rules.next_moment(step=NOTHING_SAID, warn_at=plan.warn_at, due_at=plan.due_at)
        return self._clock(incident, stage, limit, plan, started_at=self.now, run_since=self.now, next_at=next_at)

    def _by_date(self, draft: Draft, due: datetime, kind: UnitKind) -> tuple[TimeLimit | None, Plan]:
        """A date set by somebody else. The limit of the house says what red does, if it counts natural time.

        One in working time cannot: the calendar does not reach back to where the record began.
        """
        limit: TimeLimit | None = self._limit(draft, Stage.OVERALL, kind)
        given = limits.terms_of(limit.pk, self.version_id) if limit else _NO_TERMS
        if given.working:
            limit, given = None, _NO_TERMS
        return limit, clock_rules.plan_until(given=given, calendar=self.natural, since=draft.opened, due_at=due)

    def _limit(self, draft: Draft, stage: Stage, kind: UnitKind) -> TimeLimit:
        case = (draft.category_id, draft.urgency, stage, kind)
        if case not in self._limits:
            self._limits[case] = limits.limit_for(
                district_id=self.district,
                category_id=draft.category_id,
                urgency=draft.urgency,
                stage=stage,
                tier=kind,
                at=self.now,
            )
        return self._limits[case]

    def _clock(self, incident: Incident, stage: Stage, limit: TimeLimit | None, plan: Plan, **given: object) -> Clock:
        return Clock(
            incident_id=incident.pk,
            unit_id=incident.holder_id,
            district_id=incident.district_id,
            stage=stage,
            limit_id=limit.pk if limit else None,
            calendar_version_id=self.version_id,
            budget=plan.budget,
            warn_at=plan.warn_at,
            due_at=plan.due_at,
            **given,
        )
