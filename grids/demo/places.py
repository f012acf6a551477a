"""The units of the demo district: the real tree of 2018, 204 grids in its villages, departments and town offices."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from grids import hierarchy, registers
from grids.hierarchy import NewUnit
from grids.levels import BoundaryBasis, UnitKind
from grids.models import DistrictProfile, Unit
from grids.subtrees import within

DISTRICT = "511111"
REGISTER = Path(__file__).parent / "data" / "511111-shawan-2018.csv"
GRIDS = 204

DEPARTMENTS = {
    "D01": "应急管理局",
    "D02": "公安分局",
    "D03": "城市管理行政执法局",
    "D04": "住房和城乡建设局",
    "D05": "市场监督管理局",
    "D06": "生态环境局",
    "D07": "自然资源局",
    "D08": "交通运输局",
    "D09": "水务局",
    "D10": "农业农村局",
    "D11": "卫生健康局",
    "D12": "教育局",
    "D13": "民政局",
    "D14": "人力资源和社会保障局",
    "D15": "司法局",
    "D16": "信访局",
    "D17": "消防救援大队",
    "D18": "医疗保障局",
    "D19": "退役军人事务局",
    "D20": "林业局",
    "D21": "文化广播电视和旅游局",
    "D22": "经济和信息化局",
    "D23": "发展和改革局",
    "D24": "公安交警大队",
}
OFFICES = {"D01": "综合行政执法办公室", "D02": "社会事务办公室"}
TOWNS_WITH_OFFICES = 4


def load(*, since: datetime) -> str:
    """Create the units that are missing."""
    done = registers.load(path=REGISTER, now=since)
    district = Unit.objects.get(pk=DISTRICT)
    villages = list(Unit.objects.filter(within([DISTRICT]), kind=UnitKind.VILLAGE))
    towns = list(Unit.objects.filter(parent=DISTRICT, kind=UnitKind.TOWN))
    wanted = [*_grids(villages), *_departments(district), *_offices(towns[:TOWNS_WITH_OFFICES])]
    known = set(Unit.objects.filter(pk__in=[unit.code for unit in wanted]).values_list("pk", flat=True))
    created = hierarchy.create_units(units=[unit for unit in wanted if unit.code not in known], now=since)
    _phones()
    DistrictProfile.objects.get_or_create(district=district)
    return f"places: {len(done.created) + len(created)} units created"


def is_community(village: Unit) -> bool:
    """Whether it is an urban 社区 rather than a 村."""
    return "社区" in village.name


def grids_of(villages: Iterable[Unit]) -> dict[str, int]:
    """How many grids each village gets, 204 in all: communities two, those of the first town three, and as many
    villages two as are left over, spread evenly.
    """
    counts: dict[str, int] = {}
    single = []
    for village in villages:
        in_first_town = village.pk.startswith(f"{DISTRICT}100")
        counts[village.pk] = (3 if in_first_town else 2) if is_community(village) else 1
        if not is_community(village):
            single.append(village.pk)
    left = GRIDS - sum(counts.values())
    for number in range(left):
        counts[single[number * len(single) // left]] += 1
    return counts


def _grids(villages: list[Unit]) -> list[NewUnit]:
    by_code = {village.pk: village for village in villages}
    return [
        NewUnit(
            code=f"{code}{number:03d}",
            name=f"{by_code[code].label}第{number}网格",
            boundary_basis=BoundaryBasis.STREETS if is_community(by_code[code]) else BoundaryBasis.COURTYARDS,
        )
        for code, count in grids_of(villages).items()
        for number in range(1, count + 1)
    ]


def _departments(district: Unit) -> list[NewUnit]:
    return [
        NewUnit(code=f"{district.pk}{suffix}", name=f"{district.name}{name}", short_name=name)
        for suffix, name in DEPARTMENTS.items()
    ]


def _offices(towns: list[Unit]) -> list[NewUnit]:
    return [
        NewUnit(code=f"{town.pk}{suffix}", name=f"{town.name}{name}", short_name=name)
        for town in towns
        for suffix, name in OFFICES.items()
    ]


def _phones() -> None:
    """Duty phones with a local number that begins with 0: no such number exists."""
    without = Unit.objects.filter(within([DISTRICT]), duty_phone="").exclude(kind=UnitKind.GRID)
    desks = list(without.order_by("pk"))
    for number, unit in enumerate(desks, start=1):
        unit.duty_phone = f"0833-0{number:06d}"
    Unit.objects.bulk_update(desks, ["duty_phone"], batch_size=1000)
