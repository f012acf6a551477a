"""Two real streams of service requests as districts of ours: fictitious codes 990101 and 990102, real places and times.

St. Louis is a district of wards, known by a column. Manhattan is a district of community districts (towns),
neighbourhoods (villages) and census tracts (grids) with their real borders.
"""

import csv
import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping, shape

from grids import boundary_files, registers

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
EXAMPLES = ROOT / "docs" / "imports"
ST_LOUIS = DATA / "incidents" / "stlouis-2018-01-sample.csv.gz"
MANHATTAN = DATA / "incidents" / "nyc-manhattan-2026-sample.csv.gz"
TRACTS = DATA / "boundaries" / "nyc-manhattan-tracts.geojson.gz"
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a stream as the csv module reads them."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _tracts() -> list[dict[str, Any]]:
    with gzip.open(TRACTS, "rt", encoding="utf-8") as file:
        features: list[dict[str, Any]] = json.load(file)["features"]
    return sorted(features, key=lambda feature: feature["properties"]["tract_geoid"])


def _town(cdta: str) -> str:
    """MN07 is 990102107; Marble Hill, which lies in the Bronx (BX08), is 990102208."""
    return f"990102{1 if cdta.startswith('MN') else 2}{cdta[2:]}"


def _village(nta: str) -> str:
    """The neighbourhood MN0703 of the community district MN07 is 990102107103."""
    return f"{_town(nta[:4])}1{nta[4:6]}"


@cache
def grid_codes() -> dict[str, str]:
    """Our grid code by the tract's own number."""
    running: dict[str, int] = defaultdict(int)
    codes = {}
    for feature in _tracts():
        village = _village(feature["properties"]["nta_code"])
        running[village] += 1
        codes[feature["properties"]["tract_geoid"]] = f"{village}{running[village]:03d}"
    return codes


def manhattan_register() -> list[tuple[str, str, str, str]]:
    """Code, code above, level and name of every unit."""
    rows = {"990102": ("990102", "", "district", "Manhattan")}
    for feature in _tracts():
        about = feature["properties"]
        town, village = _town(about["cdta_code"]), _village(about["nta_code"])
        grid = grid_codes()[about["tract_geoid"]]
        rows[town] = (town, "990102", "town", about["cdta_code"])
        rows[village] = (village, town, "village", about["nta_name"])
        rows[grid] = (grid, village, "grid", f"Tract {about['tract_label']}")
    return [rows[code] for code in sorted(rows, key=lambda code: (len(code), code))]


def load_manhattan(folder: Path) -> None:
    """Units and published boundaries."""
    register, boundaries = folder / "manhattan-units.csv", folder / "manhattan-tracts.geojson"
    with register.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "parent_code", "level", "name"])
        writer.writerows(manhattan_register())
    features = [
        {
            "type": "Feature",
            "properties": {"code": grid_codes()[feature["properties"]["tract_geoid"]]},
            "geometry": feature["geometry"],
        }
        for feature in _tracts()
    ]
    # The outline in so many words: it has a basin between two piers that is no part of any tract.
    outline = shapely.coverage_union_all([shape(feature["geometry"]) for feature in _tracts()])
    features.append({"type": "Feature", "properties": {"code": "990102"}, "geometry": mapping(outline)})
    boundaries.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    registers.load(path=register, now=LONG_AGO)
    boundary_files.load(path=boundaries, now=LONG_AGO, scope="990102")


def load_st_louis() -> None:
    """The district and its 28 wards."""
    registers.load(path=EXAMPLES / "stlouis-units.csv", now=LONG_AGO)
