"""Where what is open lies, for the map of a wall: per place, split by light, without a word about any of them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Avg

from governance.dashboard.counts import OpenCounts
from governance.dashboard.grounds import Ground
from grids.models.expressions import Latitude, Longitude

# A mark tells these apart; whatever else an open incident shows counts as unlit.
_SPLIT = ("red", "yellow")


def marks(ground: Ground, counts: OpenCounts) -> list[dict[str, Any]]:
    """One mark per place with something open that has a position, at the middle of it. One query."""
    placed = ground.incidents(ground.base).filter(point__isnull=False).order_by()
    where = placed.annotate(x=Longitude("point"), y=Latitude("point")).values_list("place_id")
    numbers = _by_place(counts)
    return [
        _mark(longitude, latitude, numbers[code])
        for code, longitude, latitude in where.annotate(lon=Avg("x"), lat=Avg("y"))
        if code in numbers
    ]


def _by_place(counts: OpenCounts) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (_tier, place, light), number in counts.by_place.items():
        row = found.setdefault(place, {})
        row[light] = row.get(light, 0) + number
    return found


def _mark(longitude: float, latitude: float, numbers: Mapping[str, int]) -> dict[str, Any]:
    count = sum(numbers.values())
    split = {light: numbers.get(light, 0) for light in _SPLIT}
    at = [round(longitude, 5), round(latitude, 5)]
    if count == 1:
        return {"at": at, "light": next((light for light, number in split.items() if number), "unlit")}
    return {"at": at, "count": count, **split}
