"""People read their inbox: some in the morning, some only the day after. An inbox begins with news, not with weeks."""

from collections.abc import Collection, Generator, Sequence
from datetime import datetime

from dispatch import notices
from dispatch.models import Notice
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import World
from grids.models import Person

# Working hours before the end at which each group of people last looked.
LAST_LOOKED = (1.0, 2.5, 4.0, 6.0, 9.0, 13.0)
LONG_AGO = 14.0


def begin(world: World, timeline: Timeline, until: datetime, *, late: Collection[str] = ()) -> None:
    """Let everybody look once before `until`, in groups, some long before; those with the user names `late` longest."""
    people = [person for person in world.staff.everybody() if person.username not in late]
    others = [person for person in world.staff.everybody() if person.username in late]
    timeline.begin(_reading(timeline, others, world.pace.before(until, LONG_AGO)))
    for number, hours in enumerate(LAST_LOOKED):
        group = people[number :: len(LAST_LOOKED)]
        timeline.begin(_reading(timeline, group, world.pace.before(until, hours)))


def _reading(timeline: Timeline, people: Sequence[Person], moment: datetime) -> Generator[datetime, None, None]:
    yield moment
    timeline.tell(moment)
    waiting = set(Notice.objects.filter(person__in=people, read_at=None).values_list("person", flat=True))
    for person in people:
        if person.pk in waiting:
            notices.mark_read(person, now=moment)
