"""What follows from a light, by the rule that was in force when the clock started, and how such a rule is replaced."""

from datetime import datetime
from functools import lru_cache
from typing import Protocol

from incidents import calendar_rows, clock_rules, versions
from incidents.calendars import CalendarEmpty
from incidents.clock_rules import Repeats
from incidents.models import EscalationRule, RedAction, YellowAction
from incidents.models.escalation import MOST_REPEATS


class Ruled(Protocol):
    """A clock, or what was read of one."""

    @property
    def escalation_id(self) -> int | None: ...


class Counted(Ruled, Protocol):
    """The same, with the calendar it counts by."""

    @property
    def calendar_version_id(self) -> int: ...


@lru_cache(maxsize=4096)
def rule_row(rule_id: int) -> EscalationRule:
    """The rule by id, kept per process: it never changes (only its end does, so never ask that here)."""
    return EscalationRule.objects.get(pk=rule_id)


def rule_of(clock: Ruled) -> EscalationRule | None:
    """The rule the clock started with; None for clocks from before there were any."""
    return None if clock.escalation_id is None else rule_row(clock.escalation_id)


def red_action(clock: Ruled) -> str:
    """What red does, a value of RedAction; without a rule a card."""
    rule = rule_of(clock)
    return RedAction.CARD.value if rule is None else rule.red_action


def yellow_action(clock: Ruled) -> str:
    """What yellow does, a value of YellowAction; without a rule a reminder."""
    rule = rule_of(clock)
    return YellowAction.REMIND.value if rule is None else rule.yellow_action


def repeats_of(clock: Counted) -> Repeats | None:
    """How red repeats itself for this clock; None when it does not."""
    return None if clock.escalation_id is None else repeats(clock.escalation_id, clock.calendar_version_id)


@lru_cache(maxsize=8192)
def repeats(rule_id: int, version_id: int) -> Repeats | None:
    """The repeats of a rule, counted by a calendar version; None when it has none, or when no day of it is worked."""
    rule = rule_row(rule_id)
    if rule.repeat_every is None:
        return None
    try:
        calendar = calendar_rows.calendar_for(version_id, working=clock_rules.is_working(rule.repeat_unit))
    except CalendarEmpty:
        return None
    day_seconds = calendar.working_day_seconds
    seconds = clock_rules.seconds_of(rule.repeat_every, rule.repeat_unit, day_seconds=day_seconds)
    return Repeats(seconds=seconds, times=rule.repeat_times or MOST_REPEATS, calendar=calendar)


def set_rule(*, rule: EscalationRule, now: datetime) -> EscalationRule:
    """Put an unsaved `rule` in force from `now`; as `versions.put_in_force`. Raises ValidationError."""
    return versions.put_in_force(rule, now=now)
