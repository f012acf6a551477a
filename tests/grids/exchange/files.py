"""Map files for tests, made as survey offices and map programs make them."""

import io
import json
import zipfile
from typing import Any

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from grids.exchange import systems, writing
from grids.exchange.opening import Format
from grids.exchange.writing import About, Row
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.tiling import squares


def geojson(*features: tuple[dict[str, Any], BaseGeometry | dict[str, Any] | None], **head: Any) -> bytes:
    """A FeatureCollection of (properties, geometry)."""
    rows = [
        {"type": "Feature", "properties": given, "geometry": mapping(area) if isinstance(area, BaseGeometry) else area}
        for given, area in features
    ]
    return json.dumps({"type": "FeatureCollection", **head, "features": rows}).encode()


def town(cast: Cast) -> dict[str, BaseGeometry]:
    """The four published grids of the first town."""
    codes = [grid.pk for grid in (cast.grid, cast.second_grid, cast.third_grid, cast.fourth_grid)]
    return squares(codes, west=WEST, south=SOUTH, side=SIDE)


def packed(shapes: dict[str, BaseGeometry], kind: Format, system: str = "cgcs2000", **options: str) -> bytes:
    """The shapes by code as a file that this house could have written."""
    rows = [
        Row(code=code, name=f"格{code[-3:]}", village=code[:12], village_name="", kind="", basis="", households=None,
            shape=shape)
        for code, shape in shapes.items()
    ]  # fmt: skip
    return writing.written(rows, kind, systems.chosen(system), About("grids", "格", "试"), **options)


def repacked(data: bytes, *, without: str = "", add: dict[str, bytes] | None = None) -> bytes:
    """A zip without the members of a suffix and with others."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if not without or not name.endswith(without):
                new.writestr(name, old.read(name))
        for name, content in (add or {}).items():
            new.writestr(name, content)
    return made.getvalue()
