"""What is open now on a ground: by place, by tier, by body, by light; which is lit longest; what it was a day ago."""

from collections.abc import Mapping
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


Numbers = dict[str, dict[str, int]]


@dataclass(frozen=True)
class OpenCounts:
    """Numbers of open incidents: by (tier of the holder, light), (place, light), (body, light), by light a day ago.

    `lit` finds the clocks of the incidents that are lit longest; `at` is the body whose clocks alone count, if one's,
    and `waited` how many of what waits there did so a day ago.
    """

    by_tier: Numbers
    by_place: Numbers
    by_body: Numbers
    then: Mapping[str, int]
    lit: Q
    at: str = ""
    waited: int = 0

    def by_level(self, length: int) -> Numbers:
        """Place cut to `length` digits -> light -> number."""
        found: Numbers = {}
        for place, numbers in self.by_place.items():
            for light, number in numbers.items():
                _add(found, place[:length], light, number)
        return found

    @cached_property
    def lights(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for numbers in self.by_tier.values():
            for light, number in numbers.items():
                found[light] = found.get(light, 0) + number
        return found

    @property
    def loads(self) -> dict[str, int]:
        """By place: how many are open there."""
        return {place: sum(numbers.values()) for place, numbers in self.by_place.items()}

    @property
    def total(self) -> int:
        return sum(self.lights.values())


def _add(numbers: Numbers, name: str, light: str, number: int) -> None:
    row = numbers.get(name)
    if row is None:
        row = numbers[name] = {}
    row[light] = row.get(light, 0) + number


def open_counts(ground: Ground, *, now: datetime) -> OpenCounts:
    """All that is open on the ground. One query; a few small ones where a district was counted shortly before."""
    return _read(rows(ground, now=now), ground, now)


def _read(found: list[Row], ground: Ground, now: datetime) -> OpenCounts:
    by_tier: Numbers = {}
    by_place: Numbers = {}
    by_body: Numbers = {}
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
            _add(by_tier, _TIERS[tier], _LIGHTS[rank], number)
            _add(by_place, place, _LIGHTS[rank], number)
            if rank <= YELLOW and due is not None:
                dues.append(due)
        elif part == "body":
            _add(by_body, body, _LIGHTS[rank], number)
    longest = _lit_longest(ground, sorted(dues), now) if ground.is_everything else Q(incident__in=lit)
    return OpenCounts(
        by_tier, by_place, by_body, {"red": then[RED], "yellow": then[YELLOW]}, longest, ground.base.at, waited
    )


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
