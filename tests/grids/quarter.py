"""A district of a few made-up streets of a city, published with one grid for each street, its dwellings counted."""

from dataclasses import dataclass
from datetime import datetime

import shapely

from grids import ground, hierarchy, plans
from grids.demo import street
from grids.ground import NewDwelling, NewLine
from grids.hierarchy import NewUnit
from grids.models import Person, Unit
from tests.cast import NOW, SINCE

DISTRICT = "511112"


@dataclass(frozen=True)
class Quarter:
    """The district, who keeps the house, the moment, the villages' codes."""

    district: Unit
    keeper: Person
    now: datetime
    villages: tuple[str, ...]

    @classmethod
    def make(cls, *, streets: tuple[int, int], buildings: int, households: int) -> "Quarter":
        towns = tuple(f"{DISTRICT}{number:03d}" for number in range(1, streets[0] * streets[1] + 1))
        villages = tuple(f"{town}001" for town in towns)
        names = {DISTRICT: "五通桥区", **{code: f"{number}号街道" for number, code in enumerate(towns, start=1)}}
        names |= {code: f"{number}号社区" for number, code in enumerate(villages, start=1)}
        grids = {f"{code}001": f"{names[code]}网格" for code in villages}
        units = [NewUnit(code=code, name=name) for code, name in (names | grids).items()]
        hierarchy.create_units(units=units, now=SINCE)
        drawn = street.draw(seed=1, streets=streets, buildings=buildings, households=households, codes=villages)
        shapes = {f"{code}001": shape for code, shape in drawn.ground.regions.items()}
        district = Unit.objects.get(pk=DISTRICT)
        frame = shapely.coverage_union_all(list(shapes.values()))
        plan = plans.draft(scope=district, title="现状", now=SINCE, grids=shapes, frame=frame, is_synthetic=True)
        plans.publish(plan=plan, at=SINCE, now=SINCE)
        given = drawn.ground.dwellings
        dwellings = [
            NewDwelling(f"b{number}", float(x), float(y), int(count), compound=compound)
            for number, ((x, y), count, compound) in enumerate(
                zip(given.spots.tolist(), given.households.tolist(), given.compounds, strict=True)
            )
        ]
        ground.take_dwellings(district=DISTRICT, dwellings=dwellings, now=SINCE, is_synthetic=True)
        lines = [NewLine(f"l{number}", line.kind, line.shape) for number, line in enumerate(drawn.ground.lines)]
        ground.take_lines(district=DISTRICT, lines=lines, now=SINCE, is_synthetic=True)
        keeper = Person.objects.create_superuser("keeper", password="correct horse battery")
        return cls(district, keeper, NOW, villages)
