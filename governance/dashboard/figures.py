"""Numbers with the list behind each: a figure, a row of figures by light."""

from collections.abc import Mapping
from dataclasses import dataclass

from grids.addresses import address
from incidents import lights
from incidents.lists import Filters
from incidents.models import Light

LIGHT_ORDER: tuple[str, ...] = (
    Light.RED.value,
    Light.YELLOW.value,
    Light.UNLIT.value,
    lights.SUSPENDED,
    lights.PAUSED,
    Light.NONE.value,
)


@dataclass(frozen=True)
class Figure:
    """One number with the address of exactly the list it counts, and the same number a day ago if known."""

    number: int
    filters: Filters | None = None
    before: int | None = None

    @property
    def url(self) -> str:
        return list_url(self.filters) if self.filters is not None and self.number else ""


@dataclass(frozen=True)
class Line:
    """One row of a table: a name, its total, a figure per light."""

    key: str
    name: str
    total: Figure
    lights: dict[str, Figure]
    url: str = ""

    @property
    def counts(self) -> dict[str, int]:
        return {name: figure.number for name, figure in self.lights.items()}


def line(filters: Filters, key: str, name: str, counts: Mapping[str, int], *, url: str = "") -> Line:
    """A row whose lights are `filters` narrowed to each of them."""
    by_light = {light: Figure(counts[light], filters.but(light=light)) for light in LIGHT_ORDER if counts.get(light)}
    return Line(key, name, Figure(sum(counts.values()), filters), by_light, url)


def list_url(filters: Filters) -> str:
    """The address of the list that `filters` describe."""
    return f"{address('incidents:list')}?{filters.query()}"
