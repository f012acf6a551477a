"""The clocks of an incident that began elsewhere: the other system's deadline as a fact, and fresh time for us.

What ended gets its `overall` clock with the source's own due moment and the light that follows from it. What goes on
gets the same clock running, and a fresh one for the next step, counted from the moment of the import: nobody here is
late yet. A deadline that had passed elsewhere shows red and is announced to nobody a second time. Where the source set
no deadline, the whole run of an open incident is measured from the import by the limit of the house.
"""

from datetime import datetime

from grids.levels import UnitKind
from incidents import calendar_rows, clock_rules, escalations, limits
from incidents.calendars import Calendar, whole_second
from incidents.clock_rules import NOTHING_SAID, RED_SAID, YELLOW_SAID, Plan, Terms
from incidents.imports.checks import Draft
from incidents.limits import Rule
from incidents.models import Clock, ClockState, Incident, Light
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
        self._rules: dict[tuple[int | None, str, Stage, UnitKind], Rule] = {}
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
        limit_id, plan = self._by_date(draft, draft.due or closed, kind)
        spent = self.natural.elapsed(draft.opened, closed)
        late = draft.due is not None and closed > draft.due
        return self._clock(
            incident,
            Stage.OVERALL,
            limit_id if draft.due else None,
            self._rule(draft, Stage.OVERALL, kind),
            plan,
            state=ClockState.STOPPED,
            started_at=draft.opened,
            stopped_at=closed,
            spent=max(spent, plan.budget + 1) if late else min(spent, plan.budget),
            final_light=light,
        )

    def _running(self, incident: Incident, draft: Draft, due: datetime, kind: UnitKind) -> Clock:
        limit_id, plan = self._by_date(draft, due, kind)
        step = NOTHING_SAID
        if plan.warn_at is not None and plan.warn_at <= self.now:
            step = YELLOW_SAID
        if clock_rules.red_at(plan.due_at) <= self.now:
            step = RED_SAID
        rule = self._rule(draft, Stage.OVERALL, kind)
        next_at = clock_rules.next_moment(step=step, warn_at=plan.warn_at, due_at=plan.due_at)
        if step == RED_SAID and rule.escalation_id is not None:
            repeats = escalations.repeats(rule.escalation_id, rule.version_id)
            next_at = repeats.after(self.now, step=step) if repeats else None
        return self._clock(
            incident,
            Stage.OVERALL,
            limit_id,
            rule,
            plan,
            started_at=draft.opened,
            run_since=draft.opened,
            step=step,
            next_at=next_at,
        )

    def _fresh(self, incident: Incident, draft: Draft, stage: Stage, kind: UnitKind) -> Clock:
        rule = self._rule(draft, stage, kind)
        plan = self._plans.get(rule.limit_id)
        if plan is None:
            given = limits.terms_of(rule.limit_id, rule.version_id)
            calendar: Calendar = calendar_rows.calendar_for(rule.version_id, working=given.working)
            plan = self._plans[rule.limit_id] = clock_rules.plan(given=given, calendar=calendar, since=self.now)
        next_at = clock_rules.next_moment(step=NOTHING_SAID, warn_at=plan.warn_at, due_at=plan.due_at)
        return self._clock(
            incident, stage, rule.limit_id, rule, plan, started_at=self.now, run_since=plan.begins, next_at=next_at
        )

    def _by_date(self, draft: Draft, due: datetime, kind: UnitKind) -> tuple[int | None, Plan]:
        """A date set by somebody else, and the limit of the house that says when it is near, if it counts natural time.

        One in working time cannot: the calendar does not reach back to where the record began.
        """
        rule = self._rule(draft, Stage.OVERALL, kind)
        given = limits.terms_of(rule.limit_id, rule.version_id)
        limit_id = None if given.working else rule.limit_id
        terms = _NO_TERMS if given.working else given
        return limit_id, clock_rules.plan_until(given=terms, calendar=self.natural, since=draft.opened, due_at=due)

    def _rule(self, draft: Draft, stage: Stage, kind: UnitKind) -> Rule:
        case = (draft.category_id, draft.urgency, stage, kind)
        if case not in self._rules:
            self._rules[case] = limits.rule_for(
                district_id=self.district,
                category_id=draft.category_id,
                urgency=draft.urgency,
                stage=stage,
                tier=kind,
                at=self.now,
            )
        return self._rules[case]

    def _clock(
        self, incident: Incident, stage: Stage, limit_id: int | None, rule: Rule, plan: Plan, **given: object
    ) -> Clock:
        return Clock(
            incident_id=incident.pk,
            unit_id=incident.holder_id,
            district_id=incident.district_id,
            stage=stage,
            limit_id=limit_id,
            escalation_id=rule.escalation_id,
            calendar_version_id=rule.version_id,
            budget=plan.budget,
            warn_at=plan.warn_at,
            due_at=plan.due_at,
            **given,
        )
