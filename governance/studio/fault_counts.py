"""How many faults a plan had when somebody last looked, for lists: finding them anew takes a plan's whole ground."""

from collections.abc import Collection

from django.core.cache import cache

from grids.models import Plan

KEPT_SECONDS = 30 * 24 * 3600


def keep(plan: Plan, count: int) -> None:
    """Remember what was found in this revision of a plan."""
    cache.set(_key(plan), count, KEPT_SECONDS)


def known(plans: Collection[Plan]) -> dict[int, int]:
    """The counts by plan, as far as somebody looked at its present revision."""
    kept = cache.get_many([_key(plan) for plan in plans])
    return {plan.pk: kept[_key(plan)] for plan in plans if _key(plan) in kept}


def _key(plan: Plan) -> str:
    return f"plan-faults:{plan.pk}:{plan.revision}"
