"""Loads the escalation rules the house is shipped with. Safe to repeat, as all of `reference_data`."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from incidents import escalations
from incidents.models import Category, EscalationRule, IncidentKind
from incidents.reference_data import ALWAYS, Loaded, read

TERMS = ("yellow_action", "red_action", "card_colour", "repeat_every", "repeat_unit", "repeat_times", "tell", "basis")


@transaction.atomic
def load_rules(*, now: datetime, path: Path | None = None, renew: bool = False) -> Loaded:
    """Put the rules of `escalation_rules.csv` in force whose case never had one; with `renew` replace what differs.

    A case whose rule an administrator ended stays ended. Raises KeyError for an unknown category.
    """
    shared = Category.objects.filter(district=None, kind=IncidentKind.INCIDENT)
    categories = {(row.standard_ref, row.code): row for row in shared}
    wanted = [_rule(line, categories) for line in read("escalation_rules.csv", path)]
    had = {_case(rule) for rule in EscalationRule.objects.filter(district=None)}
    in_force = {_case(rule): rule for rule in EscalationRule.objects.filter(district=None, retired_at=None)}
    new = [rule for rule in wanted if _case(rule) not in had]
    for rule in new:
        rule.created_at = ALWAYS
        rule.clean_fields(exclude=["category", "replaces"])
    EscalationRule.objects.bulk_create(new)
    differing = [rule for rule in wanted if _case(rule) in in_force and not _same(rule, in_force[_case(rule)])]
    if renew:
        for rule in differing:
            escalations.set_rule(rule=rule, now=now)
    renewed = len(differing) if renew else 0
    return Loaded(created=len(new), renewed=renewed, kept=len(wanted) - len(new) - renewed)


def _case(rule: EscalationRule) -> tuple[Any, ...]:
    return rule.stage, rule.category_id, rule.urgency, rule.tier


def _rule(line: dict[str, str], categories: dict[tuple[str, str], Category]) -> EscalationRule:
    told = (part.split(":") for part in line["tell"].split())
    return EscalationRule(
        category=categories[line["category_ref"], line["category_code"]] if line["category_code"] else None,
        stage=line["stage"],
        urgency=line["urgency"],
        tier=line["tier"],
        yellow_action=line["yellow_action"],
        red_action=line["red_action"],
        card_colour=line["card_colour"],
        repeat_every=int(line["repeat_every"]) if line["repeat_every"] else None,
        repeat_unit=line["repeat_unit"],
        repeat_times=int(line["repeat_times"]) if line["repeat_times"] else None,
        tell=[{"cards": int(cards), "who": who} for cards, who in told],
        basis=line["basis"],
    )


def _same(a: EscalationRule, b: EscalationRule) -> bool:
    return all(getattr(a, name) == getattr(b, name) for name in TERMS)
