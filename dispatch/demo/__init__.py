"""The demo district's past three weeks: simulated days, and told plots so that every desk finds something to do.

Some 1,500 made-up incidents, lived by the people of the district through the same doors that pages and the sweep use,
with a moving `now`. Loading twice changes nothing; a load that was cut short is taken up where it stopped.
"""

from datetime import datetime, timedelta

from django.db.models import Max

from dispatch.demo import plots, programme
from dispatch.demo.player import KEY, SEED, Player
from dispatch.simulation import adoption, answers, readers, story
from dispatch.simulation.timeline import Timeline
from grids.demo.people import MEMORABLE
from grids.levels import UnitKind
from grids.models import Unit
from incidents.models import Incident, IncidentEvent

DISTRICT = "511111"
DAYS, INCIDENTS = 21, 1400
# The last thing told: whoever finds it knows that all was told.
END = f"{KEY}end"
BEFORE_THE_END = timedelta(minutes=4)


def load(*, now: datetime, incidents: int | None = None) -> list[str]:
    """Tell the past days once; returns a line of what was done. One transaction per act, about a minute."""
    events = IncidentEvent.objects.filter(district=DISTRICT)
    if events.filter(idempotency_key=END).exists():
        return ["incidents: samples are there already"]
    if not Unit.objects.filter(parent__parent=DISTRICT, kind=UnitKind.VILLAGE).exists():
        return ["incidents: no district to tell about"]
    start, until = now - timedelta(days=DAYS), now.replace(microsecond=0)
    last = Incident.objects.filter(district=DISTRICT, events__idempotency_key__startswith=f"sim-{SEED}-")
    told_until = last.order_by("-reported_at").values_list("reported_at", flat=True).first()
    # Whatever came after the last report has happened too: nobody acts before it.
    lived_until = events.aggregate(last=Max("occurred_at"))["last"] or start
    player = Player(district=DISTRICT, start=start if told_until is None else max(told_until, lived_until), until=until)
    player.number = events.filter(idempotency_key__startswith=KEY).count()
    timeline = Timeline(player)
    if told_until is not None:
        adoption.adopt(player, timeline)
    for birth in story.births(player, start=start, end=until, count=incidents or INCIDENTS):
        timeline.begin(story.born(player, timeline, birth), after=told_until)
    for plot in programme.cast(player):
        timeline.begin(plot, after=told_until)
    answers.begin(player, timeline, until)
    # A head hears of every card of the district: who did not look for a day would find hundreds.
    readers.begin(player, timeline, until, late=set(MEMORABLE) - {"head"})
    timeline.run(until - BEFORE_THE_END)
    plots.emergency(player, key=END)
    timeline.run(until)
    told = Incident.objects.filter(district=DISTRICT).count()
    return [f"incidents: {told} samples told, {player.refused.total()} presses came too late"]
