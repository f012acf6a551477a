"""The "N" of the demo's grids, and the patrols and visits that come round there: made up like its people."""

import random
from datetime import datetime

from django.utils import timezone

from grids import forces, routines
from grids.demo.people import GIVEN, SURNAMES
from grids.demo.places import DISTRICT
from grids.forces import Enlistment
from grids.levels import UnitKind
from grids.models import Force, ForceKind, Matter, Routine, RoutineKind, Unit
from grids.routines import Planned
from grids.subtrees import within

SEED = 511112
# Every grid has these, most grids the others.
ALWAYS = (ForceKind.BUILDING_HEAD, ForceKind.PARTY_GROUP)
OFTEN = (ForceKind.CADRE, ForceKind.POLICE, ForceKind.DOCTOR, ForceKind.VOLUNTEER, ForceKind.VOLUNTEER)
# As many grids have no mediator: the ledger has something to say.
WITHOUT_MEDIATOR = 3
ORGANISATIONS = {
    ForceKind.POLICE: "辖区派出所",
    ForceKind.DOCTOR: "社区卫生服务站",
    ForceKind.CADRE: "镇机关",
    ForceKind.MEDIATOR: "人民调解委员会",
}
ROUNDS = (
    (RoutineKind.PATROL, "消防通道与楼道杂物", "各楼栋", 1),
    (RoutineKind.PATROL, "沿街店铺与占道经营", "主街两侧", 3),
    (RoutineKind.PATROL, "河道、沟渠与山坪塘", "临水地段", 7),
    (RoutineKind.VISIT, "高龄独居老人", "网格内", 7),
    (RoutineKind.VISIT, "困难家庭", "网格内", 14),
)


def load(*, since: datetime, now: datetime) -> str:
    """Enlist the forces and plan the rounds unless the district has some."""
    if (
        Force.objects.filter(within([DISTRICT], "grid")).exists()
        or Routine.objects.filter(within([DISTRICT], "grid")).exists()
    ):
        return "forces: there already"
    dice = random.Random(SEED)
    grids = list(Unit.objects.filter(within([DISTRICT]), kind=UnitKind.GRID, retired_at__isnull=True).order_by("code"))
    bare = {grid.pk for grid in dice.sample(grids, min(WITHOUT_MEDIATOR, len(grids)))}
    wanted: list[Enlistment] = []
    planned: list[Planned] = []
    for grid in grids:
        kinds = [*ALWAYS, *(kind for kind in OFTEN if dice.random() < 0.6)]
        if grid.pk not in bare:
            kinds.append(ForceKind.MEDIATOR)
        for kind in kinds:
            wanted.append(
                Enlistment(
                    grid=grid.pk,
                    kind=kind,
                    name=dice.choice(SURNAMES) + GIVEN[(at := 2 * dice.randrange(len(GIVEN) // 2)) : at + 2],
                    phone=f"198-0000-{len(wanted) + 1:04d}",
                    organisation=ORGANISATIONS.get(kind, ""),
                    matters=(Matter.MEDIATION,) if kind is ForceKind.MEDIATOR else (),
                )
            )
        first = timezone.localdate(since)
        for round_kind, title, place, days in (ROUNDS[0], dice.choice(ROUNDS[1:3]), dice.choice(ROUNDS[3:])):
            planned.append(
                Planned(grid=grid.pk, kind=round_kind, title=title, place=place, every_days=days, since=first)
            )
    forces.enlist_all(wanted=wanted, since=since)
    routines.plan_all(planned=planned)
    return f"forces: {len(wanted)} in {len(grids)} grids, {len(planned)} patrols and visits come round"
