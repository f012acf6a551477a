"""A limit and an escalation rule in words, for whoever sets them. The database is not asked."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.explanations import amount_text, yellow_text
from incidents.models import EscalationRule, RedAction, TimeLimit, Told, YellowAction


def limit_notes(limit: TimeLimit) -> list[str]:
    """What a limit says besides its amount, in the order in which it counts."""
    if limit.is_open_ended:
        return [_("no due moment, no light")]
    notes = []
    if limit.from_next_day:
        notes.append(_("counted from the next day"))
    if limit.end_of_day:
        notes.append(_("until the end of that work day"))
    if limit.calendar_id is not None:
        notes.append(_("by the calendar %(name)s") % {"name": limit.calendar})
    return [*notes, yellow_text(limit)]


def in_short(rule: EscalationRule) -> str:
    """What red does first: "moves one tier up", "yellow card", "reminder only"."""
    display = rule.get_card_colour_display if rule.red_action == RedAction.CARD else rule.get_red_action_display
    return str(display())


def on_red(rule: EscalationRule) -> str:
    """The same, and what it does at the top: "moves one tier up, at the top ordinary card"."""
    action = in_short(rule)
    if rule.red_action != RedAction.ESCALATE:
        return action
    return _("%(action)s, at the top %(card)s") % {"action": action, "card": rule.get_card_colour_display()}


def rule_notes(rule: EscalationRule) -> list[str]:
    """What a rule says besides red: yellow, the repeats, who is told of how many cards."""
    notes = [_("yellow: nothing") if rule.yellow_action == YellowAction.NOTHING else _("yellow: reminder")]
    if rule.repeat_every is not None:
        notes.append(_repeats(rule))
    for line in sorted(rule.tell, key=lambda line: line["cards"]):
        told = {"count": line["cards"], "who": Told(line["who"]).label}
        notes.append(_("from card %(count)d on also told: %(who)s") % told)
    return notes


def _repeats(rule: EscalationRule) -> str:
    span = {"span": amount_text(rule.repeat_every or 0, rule.repeat_unit)}
    if rule.repeat_times is None:
        return _("again every %(span)s until it ends") % span
    times = ngettext(
        "again after %(span)s, %(times)d time at most",
        "again every %(span)s, %(times)d times at most",
        rule.repeat_times,
    )
    return times % (span | {"times": rule.repeat_times})
