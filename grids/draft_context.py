"""What an edit of a plan works with: areas around it, the frame, numbers for new areas; and what it brings about."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from grids import draft_rows, lattice
from grids.coverage import Edited
from grids.draft_rows import Box, Row, shapes_of
from grids.models import Plan

Rows = dict[int, Row]
Finish = Callable[[Rows], Rows]


@dataclass
class Change:
    """Areas as they are after an edit and those that are gone; the frame if it got corners; what is said of it.

    `recount` names the areas whose households may differ; `finish` is asked once these are known.
    """

    rows: Rows = field(default_factory=dict)
    removed: frozenset[int] = frozenset()
    frame: BaseGeometry | None = None
    said: dict[str, Any] = field(default_factory=dict)
    recount: frozenset[int] = frozenset()
    finish: Finish | None = None


class Draft:
    """A plan that is being edited, locked. Loads no more areas than it is asked for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows: Rows = {}
        self._frame: BaseGeometry | None = None

    @property
    def frame(self) -> BaseGeometry:
        if self._frame is None:
            assert self.plan.frame is not None, "a plan that is drawn has a frame"
            self._frame = lattice.from_db(self.plan.frame)
        return self._frame

    def near(self, *, keys: Collection[int] = (), box: Box | None = None) -> Rows:
        """The areas of `keys`, those that meet `box`, and all that may touch them."""
        found = draft_rows.near(self.plan.pk, keys=keys, box=box)
        self.rows |= found
        return found

    def everything(self) -> Rows:
        self.rows = draft_rows.read(self.plan.pk)
        return self.rows

    def new_key(self) -> int:
        """A number no area of this plan ever had."""
        self.plan.last_key += 1
        return self.plan.last_key


def meeting(rows: Mapping[int, Row], box: Box) -> frozenset[int]:
    """The areas whose boxes meet `box`."""
    west, south, east, north = box
    found = set()
    for key, row in rows.items():
        w, s, e, n = row.shape.bounds
        if w <= east and e >= west and s <= north and n >= south:
            found.add(key)
    return frozenset(found)


def changed(rows: Mapping[int, Row], edited: Edited, *, like: Row | None = None, recount: Collection[int]) -> Change:
    """The change that `edited` makes to `rows`. A new area takes its village and kind from the row `like`."""
    after: Rows = {}
    for key, shape in edited.areas.items():
        if key in rows:
            after[key] = rows[key].drawn(shape)
        else:
            assert like is not None, "only with a model for it may an area be born"
            after[key] = born(like, key).drawn(shape)
    fresh = frozenset(key for key in after if key not in rows)
    return Change(after, edited.removed, edited.frame, recount=(frozenset(recount) & frozenset(after)) | fresh)


def born(like: Row, key: int) -> Row:
    """A new area in the village of `like` and of its kind: no grid yet, nobody's, uncounted."""
    return replace(
        like, key=key, unit=None, name="", households=None, households_given=False, officer=None, vacant_reason="",
        parts_reason="",
    )  # fmt: skip


def weight(row: Row) -> tuple[int, float]:
    """What makes an area the larger one: its households, else its square metres."""
    return (row.households or 0, row.area_m2)


def box_of(shape: BaseGeometry, margin: float = 0.0) -> Box:
    """The box around a shape, wider by `margin` degrees on each side."""
    west, south, east, north = (float(edge) for edge in shapely.bounds(shape))
    return (west - margin, south - margin, east + margin, north + margin)


__all__ = ["Change", "Draft", "Rows", "born", "box_of", "changed", "meeting", "shapes_of", "weight"]
