"""Sample incidents of the demo district, told through the same doors that people and the sweep use.

Some 130 made-up incidents of the past days, driven with a moving `now`: every state, every light,
every way through the house. Loading twice changes nothing.
"""

from datetime import datetime

from django.db import transaction

from dispatch.demo import programme
from dispatch.demo.player import KEY, Player
from dispatch.demo.timeline import Timeline
from grids.levels import UnitKind
from grids.models import Unit
from incidents.models import Incident, IncidentEvent

DISTRICT = "511111"


@transaction.atomic
def load(*, now: datetime) -> list[str]:
    """Tell the sample incidents once; returns a line of what was done. All or nothing, in about half a minute."""
    if IncidentEvent.objects.filter(idempotency_key__startswith=KEY).exists():
        return ["incidents: samples are there already"]
    if not Unit.objects.filter(parent__parent=DISTRICT, kind=UnitKind.VILLAGE).exists():
        return ["incidents: no district to tell about"]
    player = Player(district=DISTRICT, now=now)
    timeline = Timeline(player)
    for plot in programme.cast(player):
        timeline.begin(plot)
    timeline.run()
    told = Incident.objects.filter(district=DISTRICT).count()
    return [f"incidents: {told} samples told, {player.refused} presses came too late"]
