"""Takes up incidents that were there before: other stories' open ones, and what people report beside the story."""

import random
from datetime import datetime, timedelta

from dispatch.simulation import turns
from dispatch.simulation.habits import live
from dispatch.simulation.life import Life, tier_of
from dispatch.simulation.matters import LEVELS, recognise
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import LIVE_KEY, World
from incidents.models import Incident, IncidentEvent
from incidents.states import OPEN_STATES, Urgency

# What people press is theirs for so long; then somebody of the district goes on.
QUIET = timedelta(minutes=15)


def adopt(world: World, timeline: Timeline, *, but: set[int] | None = None, since: datetime | None = None) -> set[int]:
    """Let the people of the district go on with every open incident but those; the ids of those taken up.

    With `since`: what people touched after it is left to them until nobody did for `QUIET`.
    """
    found = Incident.objects.filter(district=world.district, state__in=OPEN_STATES).select_related("holder", "place")
    waiting = list(found.exclude(pk__in=but or set()).select_related("category").order_by("pk"))
    theirs = touched_by_people(world, since=since) if since is not None else set()
    taken = set()
    for incident in waiting:
        if incident.pk not in theirs and tier_of(incident.holder_id):
            timeline.begin_owned(incident.pk, live(_life(world, incident)))
            taken.add(incident.pk)
    return taken


def touched_by_people(world: World, *, since: datetime) -> set[int]:
    """The incidents in which somebody who is not played here did something lately, after `since`."""
    lately = max(since, world.now - QUIET)
    events = IncidentEvent.objects.filter(district=world.district, recorded_at__gte=lately, actor__isnull=False)
    return set(events.exclude(idempotency_key__startswith=LIVE_KEY).values_list("incident_id", flat=True))


def _life(world: World, incident: Incident) -> Life:
    dice = random.Random(f"adopted {world.seed} {incident.number}")
    category = (incident.category.standard_ref, incident.category.code) if incident.category else None
    tale = recognise(category, incident.text, dice)
    lowest = tier_of(incident.holder_id)
    level = max(LEVELS[lowest], tale.matter.level(dice, settled=False), key=LEVELS.index)
    return Life(
        world, incident, tale, level, turns.happens(level, Urgency(incident.urgency), dice), dice, underway=True
    )
