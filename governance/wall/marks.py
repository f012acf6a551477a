"""Where what is open lies, for the map of a wall: per place, split by light, without a word about any of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Avg

from governance.dashboard.counts import OpenCounts
from governance.dashboard.grounds import Ground
from governance.dashboard.keeping import for_a_while
from grids.models.expressions import Latitude, Longitude

# A mark tells these apart; whatever else an open incident shows counts as unlit.
_SPLIT = ("red", "yellow")
SAME_MIDDLES = 600


def marks(ground: Ground, counts: OpenCounts, *, now: datetime) -> list[dict[str, Any]]:
    """One mark per place with something open that has a position, at the middle of it. One query at most.

    The middles are those of the last few minutes, unless something is open where nothing was.
    """
    numbers = counts.by_place
    middles = for_a_while("middles", ground, lambda: _middles(ground), seconds=SAME_MIDDLES, now=now)
    if not numbers.keys() <= middles.keys():
        middles = _middles(ground)
    return [_mark(*middle, numbers[code]) for code, middle in middles.items() if middle and code in numbers]


def _middles(ground: Ground) -> dict[str, tuple[float, float] | None]:
    """By place: the middle of what is open there; None where none of it has a position."""
    where = ground.incidents(ground.base).order_by().annotate(x=Longitude("point"), y=Latitude("point"))
    found = where.values_list("place_id").annotate(lon=Avg("x"), lat=Avg("y"))
    return {code: None if longitude is None else (longitude, latitude) for code, longitude, latitude in found}


def _mark(longitude: float, latitude: float, numbers: Mapping[str, int]) -> dict[str, Any]:
    count = sum(numbers.values())
    split = {light: numbers.get(light, 0) for light in _SPLIT}
    at = [round(longitude, 5), round(latitude, 5)]
    if count == 1:
        return {"at": at, "light": next((light for light, number in split.items() if number), "unlit")}
    return {"at": at, "count": count, **split}
