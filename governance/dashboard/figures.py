"""Numbers with the list behind each: a figure, a row of figures by light."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from grids.addresses import address
from incidents import happenings, lights
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
    """One number with the address of exactly the list it counts, and the same number a day ago if known.

    The list is that of `base`, narrowed `further` by what `base` leaves open: of most figures neither is asked for.
    """

    number: int
    base: Filters | None = None
    before: int | None = None
    further: tuple[tuple[str, str], ...] = ()

    @property
    def filters(self) -> Filters | None:
        return self.base and self.base.but(**{name: _READ.get(name, str)(said) for name, said in self.further})

    @property
    def url(self) -> str:
        return list_url(self.base, self.further) if self.base is not None and self.number else ""


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
    by_light = {
        light: Figure(counts[light], filters, further=(("light", light),)) for light in LIGHT_ORDER if counts.get(light)
    }
    return Line(key, name, Figure(sum(counts.values()), filters), by_light, url)


def list_url(filters: Filters, further: tuple[tuple[str, str], ...] = ()) -> str:
    """The address of the list that `filters` describe, narrowed further."""
    url = f"{address('incidents:list')}?{_query(filters)}"
    return f"{url}&{urlencode(further)}" if further else url


@lru_cache(maxsize=1024)
def _query(filters: Filters) -> str:
    """Hundreds of figures on one dashboard begin with the same few."""
    return filters.query()


# How a narrowing that is no word is read back from an address.
_READ: dict[str, Callable[[str], Any]] = {"act_from": happenings.moment, "act_to": happenings.moment}
