"""Numbers with the list behind each: a figure, a row of figures by light."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from grids.addresses import address
from incidents import happenings, lights
from incidents.filters import Filters
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
    """One number with the address of exactly the list it counts, and the same number a day ago if known.

    The list is that of `base`, narrowed `further` by what `base` leaves open; `root` is the address of the list of
    `base`, where many figures begin with the same.
    """

    number: int
    base: Filters | None = None
    before: int | None = None
    further: tuple[tuple[str, str], ...] = ()
    root: str = ""

    @property
    def filters(self) -> Filters | None:
        return self.base and self.base.but(**{name: _READ.get(name, str)(said) for name, said in self.further})

    @property
    def url(self) -> str:
        if self.base is None or not self.number:
            return ""
        root = self.root or list_url(self.base)
        return f"{root}&{urlencode(self.further)}" if self.further else root


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
    root = list_url(filters)
    by_light = {
        light: Figure(number, filters, further=(("light", light),), root=root)
        for light in LIGHT_ORDER
        if (number := counts.get(light))
    }
    return Line(key, name, Figure(sum(counts.values()), filters, root=root), by_light, url)


def list_url(filters: Filters) -> str:
    """The address of the list that `filters` describe."""
    return f"{address('incidents:list')}?{filters.query()}"


# How a narrowing that is no word is read back from an address.
_READ: dict[str, Callable[[str], Any]] = {"act_from": happenings.moment, "act_to": happenings.moment}
