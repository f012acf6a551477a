"""What is open now on a ground: by place, by tier, by body, by light; which is lit longest; what it was a day ago."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from django.db.models import Q

from governance.dashboard.grounds import Ground
from governance.dashboard.open_rows import LIT_MOST, RED, YELLOW, Row, open_clocks, rows
from grids.levels import CODE_LENGTHS
from incidents import lights
from incidents.models import Light

_LIGHTS = [str(light) for light in lights.ORDER]
_TIERS = {length: kind.value for kind, length in CODE_LENGTHS.items()}


@dataclass(frozen=True)
class OpenCounts:
    """Numbers of open incidents: by (tier of the holder, place, light), by (body, light), by light a day ago.

    `lit` finds the clocks of the incidents that are lit longest; `at` is the body whose clocks alone count, if one's,
    and `waited` how many of what waits there did so a day ago.
    """

    by_place: Mapping[tuple[str, str, str], int]
    by_body: Mapping[str, Mapping[str, int]]
    then: Mapping[str, int]
    lit: Q
    at: str = ""
    waited: int = 0

    def by_tier(self) -> dict[str, dict[str, int]]:
        """Tier -> light -> number."""
        return self._summed(lambda tier, _place: tier)

    def by_level(self, length: int) -> dict[str, dict[str, int]]:
        """Place cut to `length` digits -> light -> number."""
        return self._summed(lambda _tier, place: place[:length])

    def _summed(self, name: Callable[[str, str], str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (tier, place, light), number in self.by_place.items():
            row = found.setdefault(name(tier, place), {})
            row[light] = row.get(light, 0) + number
        return found

    @cached_property
    def lights(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for (_tier, _place, light), number in self.by_place.items():
            found[light] = found.get(light, 0) + number
        return found

    @cached_property
    def loads(self) -> dict[str, int]:
        """By place: how many are open there."""
        found: dict[str, int] = {}
        for (_tier, place, _light), number in self.by_place.items():
            found[place] = found.get(place, 0) + number
        return found

    @property
    def total(self) -> int:
        return sum(self.lights.values())


def open_counts(ground: Ground, *, now: datetime) -> OpenCounts:
    """All that is open on the ground. One query; a few small ones where a district was counted shortly before."""
    return _read(rows(ground, now=now), ground, now)


def _read(found: list[Row], ground: Ground, now: datetime) -> OpenCounts:
    by_place: dict[tuple[str, str, str], int] = {}
    by_body: dict[str, dict[str, int]] = {}
    then, lit, waited = {RED: 0, YELLOW: 0}, list[int](), 0
    dues: list[int] = []
    for part, place, tier, body, rank, past, number, due in found:
        if part == "lit":
            lit.append(number)
            continue
        if part == "began":
            waited = number
            continue
        if past is not None:
            then[past] += int(number)
        if part == "place":
            key = (_TIERS[tier], place, _LIGHTS[rank])
            by_place[key] = by_place.get(key, 0) + number
            if rank <= YELLOW and due is not None:
                dues.append(due)
        elif part == "body":
            row = by_body.setdefault(body, {})
            row[_LIGHTS[rank]] = row.get(_LIGHTS[rank], 0) + number
    longest = _lit_longest(ground, sorted(dues), now) if ground.is_everything else Q(incident__in=lit)
    return OpenCounts(by_place, by_body, {"red": then[RED], "yellow": then[YELLOW]}, longest, ground.base.at, waited)


def _lit_longest(ground: Ground, dues: list[int], now: datetime) -> Q:
    """Finds clocks of what is lit longest in a whole district, by when each place and tier has the first one due.

    Enough of them are due by the last of the first few.
    """
    shown = lights.showing(Light.RED.value, now) | lights.showing(Light.YELLOW.value, now)
    clocks = open_clocks().filter(shown)
    if len(dues) >= LIT_MOST:
        clocks = clocks.filter(due_at__lte=datetime.fromtimestamp(dues[LIT_MOST - 1], UTC))
    # Read by themselves: the planner, which expects far more of them, would read all that is open beside them.
    found = Q(incident__in=list(clocks.values_list("incident", flat=True)), incident__closed_at__isnull=True)
    return found & Q(incident__district=ground.district) if ground.district else found
