"""Plans, areas, faults and steps as the scripts of the studio read them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grids import balance, draft_log, holds
from grids.draft_checks import PlanFault
from grids.draft_rows import Row
from grids.levels import UnitKind
from grids.models import Person, Plan, PlanOperation, Unit
from grids.subtrees import within


def coords(shape: BaseGeometry) -> list[Any]:
    """The rings of a MultiPolygon as GeoJSON lists them, with the 7 decimals of the lattice."""
    return [
        [_ring(shapely.get_exterior_ring(part)), *(_ring(hole) for hole in part.interiors)]
        for part in shapely.get_parts(shape)
    ]


def _ring(ring: BaseGeometry) -> list[list[float]]:
    # Python writes a double in the fewest digits that name it, which are the 7 of the lattice.
    points: list[list[float]] = shapely.get_coordinates(ring).tolist()
    return points


def area(row: Row, plan: Plan, officers: Mapping[int, str], open_: Mapping[int, int] | None) -> dict[str, Any]:
    """One area."""
    return {
        "key": row.key,
        "code": row.unit,
        "name": row.name,
        "village": row.village,
        "kind": row.grid_kind,
        "basis": row.boundary_basis,
        "households": row.households,
        "given": row.households_given,
        "deviation": balance.deviation(row.households, plan.target_households),
        "area_m2": row.area_m2,
        "parts": row.parts,
        "officer": {"id": row.officer, "name": officers.get(row.officer, "")} if row.officer else None,
        "vacant_reason": row.vacant_reason,
        "parts_reason": row.parts_reason,
        "open": open_.get(row.key, 0) if open_ is not None else None,
        "coords": coords(row.shape),
    }


def fault(found: PlanFault) -> dict[str, Any]:
    """One fault with the repairs it offers."""
    shape = found.shape
    return {
        "id": found.id,
        "kind": found.kind,
        "words": found.words,
        "keys": list(found.keys),
        "area_m2": round(found.area_m2, 2),
        "at": list(found.at) if found.at else None,
        "coords": _any_coords(shape) if shape is not None else None,
        "repairs": [{"how": one.how, "to": one.to, "words": one.words} for one in found.repairs],
    }


def _any_coords(shape: BaseGeometry) -> list[Any] | None:
    """Areas as a MultiPolygon; a fault that is a point or a line has its place alone."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return coords(shapely.multipolygons(parts)) if parts else None


def step(one: PlanOperation) -> dict[str, Any]:
    """One step of the log."""
    return {
        "revision": one.revision,
        "kind": one.kind,
        "words": draft_log.in_words(one),
        "by": named(one.actor),
        "at": one.at.isoformat(),
        "undone": one.is_undone,
    }


def named(person: Person | None) -> str:
    return (person.full_name or person.username) if person else ""


def hold(plan: Plan, person: Person, *, now: datetime) -> dict[str, Any] | None:
    """Who draws at present, until when; None where nobody does."""
    held = holds.holder(plan, now=now)
    if held is None or plan.held_until is None:
        return None
    return {"by": named(held), "until": plan.held_until.isoformat(), "mine": held.pk == person.pk}


def villages(plan: Plan) -> list[dict[str, str]]:
    """The villages of the scope, in which an area may stand."""
    found = Unit.objects.filter(within([plan.scope_id]), kind=UnitKind.VILLAGE, retired_at__isnull=True)
    return [{"code": code, "name": name} for code, name in found.order_by("code").values_list("code", "name")]


def counts(faults: Iterable[PlanFault]) -> dict[str, int]:
    """How many faults there are of each kind."""
    kinds = [fault.kind for fault in faults]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def compact(value: Any) -> bytes:
    """JSON without a space too many."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot be written as JSON: {type(value)}")
