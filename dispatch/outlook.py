"""What will happen to an incident by itself if nobody acts: when, by which clock, to whom. For whoever it hits.

The answers are those the sweep will give: the same table of steps, the same rule the clock started with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from dispatch import consequences
from incidents import clock_rules, escalations
from incidents.clock_rules import NOTHING_SAID, RED_SAID, YELLOW_SAID
from incidents.explanations import amount_text
from incidents.holders import tier_above
from incidents.models import CardColour, Clock, ClockState, Incident, Subject, YellowAction
from incidents.states import Stage

# So many are shown; the rest follow from these.
MOST = 5


@dataclass(frozen=True, slots=True)
class Ahead:
    """One thing that comes by itself at `at`, said in `words`; `light` is what comes on then, if one does."""

    at: datetime
    light: str
    words: str


@dataclass(frozen=True, slots=True)
class _AtHand:
    """A clock and where its incident is, as `consequences` asks it."""

    clock: Clock
    incident_state: str
    holder_id: str

    @property
    def stage(self) -> str:
        return self.clock.stage

    @property
    def subject_kind(self) -> str:
        return self.clock.subject_kind

    @property
    def escalation_id(self) -> int | None:
        return self.clock.escalation_id


def ahead(incident: Incident, clocks: Iterable[Clock], *, names: Mapping[str, str]) -> list[Ahead]:
    """What comes next of every running clock of the incident, soonest first; empty when nothing comes by itself.

    `names` are the names of units by code; a unit that is not there is said by its code.
    """
    found = [
        one
        for clock in clocks
        if clock.state == ClockState.RUNNING
        for one in _of(_AtHand(clock, incident.state, incident.holder_id), names)
    ]
    return sorted(found, key=lambda one: one.at)[:MOST]


def without_end(clocks: Iterable[Clock]) -> list[Clock]:
    """The running clocks that no light will ever come on for."""
    return [clock for clock in clocks if clock.state == ClockState.RUNNING and clock_rules.is_endless(clock.due_at)]


def _of(hand: _AtHand, names: Mapping[str, str]) -> list[Ahead]:
    clock = hand.clock
    if clock_rules.is_endless(clock.due_at):
        return []
    if clock.step >= RED_SAID:
        return [] if clock.next_at is None else [Ahead(clock.next_at, "", _again(hand, names))]
    found = []
    if clock.step == NOTHING_SAID and clock.warn_at is not None and clock.warn_at < clock.due_at:
        found.append(Ahead(clock.warn_at, "yellow", _yellow(hand, names)))
    is_review = clock.stage == Stage.PAUSE
    at = clock_rules.red_at(clock.due_at)
    found.append(Ahead(at, "" if is_review else "red", _resumes() if is_review else _red(hand, names)))
    return found


def _unit(hand: _AtHand, names: Mapping[str, str]) -> str:
    code = hand.holder_id if hand.stage == Stage.OVERALL else hand.clock.unit_id
    return names.get(code, code)


def _what(hand: _AtHand) -> str:
    """The step that is being timed, and of what."""
    label = str(Stage(hand.stage).label)
    if hand.subject_kind == Subject.ASSIGNMENT:
        return _("%(step)s of the order") % {"step": label}
    if hand.subject_kind == Subject.CARD:
        return _("%(step)s to the card") % {"step": label}
    return label


def _yellow(hand: _AtHand, names: Mapping[str, str]) -> str:
    said = {"step": _what(hand), "unit": _unit(hand, names)}
    if consequences.follows(hand, YELLOW_SAID) == YellowAction.NOTHING:
        return _("%(step)s is near due.") % said
    return _("%(step)s is near due; %(unit)s is reminded.") % said


def _red(hand: _AtHand, names: Mapping[str, str]) -> str:
    action = consequences.follows(hand, RED_SAID)
    said = {"step": _what(hand), "unit": _unit(hand, names)}
    if action == consequences.ESCALATE:
        above = tier_above(hand.holder_id) or ""
        return _("%(step)s is overdue and goes up to %(above)s by itself; the red stays with %(unit)s.") % {
            **said,
            "above": names.get(above, above),
        }
    if action == consequences.CARD:
        return _("%(step)s is overdue; %(unit)s gets a card (%(card)s) and must answer it.") % {
            **said,
            "card": _colour(hand),
        }
    return _("%(step)s is overdue; head and duty contact of %(unit)s are told.") % said


def _again(hand: _AtHand, names: Mapping[str, str]) -> str:
    said = {"step": _what(hand), "unit": _unit(hand, names), "every": ""}
    rule = escalations.rule_of(hand.clock)
    if rule is not None and rule.repeat_every is not None:
        said["every"] = amount_text(rule.repeat_every, rule.repeat_unit)
    if consequences.follows(hand, hand.clock.step + 1) == consequences.CARD:
        return _("%(step)s is still overdue: another card to %(unit)s, every %(every)s.") % said
    return _("%(step)s is still overdue: %(unit)s is reminded again, every %(every)s.") % said


def _colour(hand: _AtHand) -> str:
    rule = escalations.rule_of(hand.clock)
    return str(CardColour(CardColour.ORDINARY if rule is None else rule.card_colour).label)


def _resumes() -> str:
    return _("The review date of the suspension: it goes on by itself.")
