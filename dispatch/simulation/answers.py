"""Units answer the cards the policy draws: most within the day, some not at all. What people give is told in plots."""

from datetime import datetime, timedelta

from dispatch.models import Card
from dispatch.simulation.timeline import Plot, Timeline
from dispatch.simulation.world import World
from grids.duties import Duty

EVERY = 3.5
# So long somebody thinks about the answer; so many in a hundred never get one.
AT_LEAST, NEVER = timedelta(hours=2), 12
# What waits when the demo is looked at first stays waiting.
LEFT = timedelta(hours=20)
WORDS = (
    "已安排人员现场核实，今日反馈结果",
    "正在办理，预计两日内办结",
    "因需多部门配合，已商定处置方案，按期办结",
    "已办结，正在整理反馈材料",
)


def begin(world: World, timeline: Timeline, until: datetime) -> None:
    """Let every unit answer its cards, some times a day up to shortly before `until`."""
    timeline.begin(_answering(world, until - LEFT))


def _answering(world: World, until: datetime) -> Plot:
    # Nothing to answer before the first moment: the plot may begin again where a load was cut short.
    while (moment := world.pace.calendar.add(world.now, int(EVERY * 3600))) < until:
        yield moment
        waiting = Card.objects.filter(
            district=world.district, state="issued", actor=None, issued_at__lte=world.now - AT_LEAST
        )
        for card in waiting.select_related("incident").order_by("pk"):
            by = world.staff.first(card.unit_id, Duty.CLERK, Duty.HANDLER)
            if by is not None and card.pk % 100 >= NEVER:
                world.press(card.incident, "reply_card", by, WORDS[card.pk % len(WORDS)], card_id=card.pk)
