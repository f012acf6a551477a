"""Small units: the ground of each dwelling, cut by outlines, roads and the middle between neighbours.

Inside of every block of lines the dwellings' Voronoi borders are drawn; all lines are noded once on the lattice and
polygonized, so the cells tile their regions exactly. A line that ends inside of a block cuts the cells it passes.
Scraps without dwellings go to the neighbour with the longest shared border, across a barrier only where there is no
other. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grids import lattice
from grids.partition.borders import Borders, borders_between, merged
from grids.partition.ground import Dwellings, Floats, Ground, Ints, staggered, thinned

# No ground of its own: narrower or smaller than this and without a dwelling, it is a difference between two surveys.
NARROW_M, SMALL_M2 = 4.0, 150.0
_STEP = 1.0 / lattice.SCALE
# Beyond so many dwellings near ones share a cell.
MOST = 20_000
# Dwellings nearer to each other than this share a cell.
_APART_M = 0.5

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Cells:
    """Small units, one row each. `region` indexes `regions`, `compound` is -1 where none is known."""

    regions: tuple[str, ...]
    shapes: Shapes
    region: Ints
    block: Ints
    households: Ints
    compound: Ints
    spots_m: Floats
    area_m2: Floats
    borders: Borders

    def __len__(self) -> int:
        return len(self.shapes)


def draw(ground: Ground, *, units: Mapping[str, int] | None = None, most: int = MOST) -> Cells:
    """The small units of a ground. Every region has at least one; dwellings beyond `most` share theirs.

    A region without dwellings is cut into about `units` pieces of like size (by its code; 1 where none is given).
    """
    regions = tuple(ground.regions)
    outlines = np.array([ground.regions[code] for code in regions], dtype=object)
    everywhere = shapely.box(*shapely.total_bounds(outlines))
    lines = [line for line in ground.lines if line.shape.intersects(everywhere)]
    scale = np.array(lattice.metres_per_degree(float(everywhere.centroid.y)))
    blocks, region_of_block, loose = _faces([*shapely.boundary(outlines), *(line.shape for line in lines)], outlines)
    spots = thinned(ground.dwellings, scale, most)
    seams = _seams(blocks, np.vstack([spots, _made_up(ground, units or {})]), scale)
    if seams:
        atoms, block, _loose = _faces([*shapely.boundary(blocks), *seams, *loose], blocks)
    else:
        atoms, block = blocks, np.arange(len(blocks))
    region = region_of_block[block]
    home = _inside(atoms, ground.dwellings.spots)
    households = np.bincount(home[home >= 0], ground.dwellings.households[home >= 0], len(atoms)).astype(np.int64)
    peopled = np.bincount(home[home >= 0], minlength=len(atoms)) > 0
    touching = borders_between(atoms, block, lines, scale, loose)
    owner = _gathered(atoms, region, block, peopled, touching, scale)
    compound = _compounds(home, ground.dwellings, region, len(atoms))
    return _dissolved(regions, atoms, owner, region, block, households, compound, touching, scale)


def _faces(lines: Sequence[BaseGeometry], parents: Shapes) -> tuple[Shapes, Ints, Shapes]:
    """The faces between lines, noded on the lattice, that lie inside of one of `parents`; of which; and the lines
    there that end inside of a face."""
    noded = shapely.get_parts(shapely.union_all(np.array(lines, dtype=object), grid_size=_STEP))
    found, cuts, dangles, _invalid = shapely.polygonize_full(noded)
    faces = shapely.get_parts(found)
    ends = shapely.get_parts(shapely.get_parts([cuts, dangles]))
    middles = shapely.get_coordinates(shapely.line_interpolate_point(ends, 0.5, normalized=True))
    loose = ends[_inside(parents, middles) >= 0]
    parent = _inside(parents, shapely.get_coordinates(shapely.point_on_surface(faces)))
    inside = np.flatnonzero(parent >= 0)
    # West to east, north to south: the same ground gives the same order, whatever the library's.
    west, _south, _east, north = shapely.bounds(faces[inside]).T
    order = inside[np.lexsort((-north, west))]
    return faces[order], parent[order], loose


def _inside(shapes: Shapes, spots: Floats) -> Ints:
    """For each spot the index of the shape it lies in, the first where it lies on a border, or -1."""
    found = np.full(len(spots), -1, dtype=np.int64)
    if len(spots) and len(shapes):
        spot, shape = shapely.STRtree(shapes).query(shapely.points(spots), predicate="intersects")
        order = np.lexsort((-shape, spot))
        found[spot[order]] = shape[order]
    return found


def _seams(blocks: Shapes, spots: Floats, scale: Floats) -> list[BaseGeometry]:
    """The Voronoi borders between the dwellings of each block, inside of the block."""
    home = _inside(blocks, spots)
    metres = np.rint(spots * scale / _APART_M) * _APART_M
    rows = np.unique(np.column_stack([home, metres])[home >= 0], axis=0)
    blocks_with, counts = np.unique(rows[:, 0].astype(np.int64), return_counts=True)
    if not (counts > 1).any():
        return []
    keep = np.repeat(counts > 1, counts)
    number = np.repeat(np.arange((counts > 1).sum()), counts[counts > 1])
    points = shapely.multipoints(shapely.points(rows[keep, 1:]), indices=number)
    around = blocks[blocks_with[counts > 1]]
    widened = shapely.transform(shapely.envelope(around), lambda xy: xy * scale)
    edges = shapely.voronoi_polygons(points, extend_to=shapely.buffer(widened, 10.0), only_edges=True)
    inner = shapely.intersection(shapely.transform(edges, lambda xy: xy / scale), around)
    parts = shapely.get_parts(inner)
    return [*parts[shapely.get_dimensions(parts) == 1]]


def _made_up(ground: Ground, units: Mapping[str, int]) -> Floats:
    """Spots in rows for the regions that have no dwelling, staggered, about as many as `units` says."""
    codes = [code for code, count in units.items() if count > 1 and code in ground.regions]
    outlines = np.array([ground.regions[code] for code in codes], dtype=object)
    empty = np.setdiff1d(np.arange(len(codes)), _inside(outlines, ground.dwellings.spots))
    spots = [staggered(outlines[number], units[codes[number]]) for number in empty.tolist()]
    return np.vstack([np.empty((0, 2)), *spots])


def _compounds(home: Ints, dwellings: Dwellings, region: Ints, count: int) -> Ints:
    """The compound of each atom: that of its dwelling with the most households; -1 where it has no name."""
    found = np.full(count, -1, dtype=np.int64)
    known: dict[tuple[int, str], int] = {}
    for row in np.argsort(dwellings.households, kind="stable"):
        atom, name = int(home[row]), dwellings.compounds[row]
        if atom >= 0:
            found[atom] = known.setdefault((int(region[atom]), name), len(known)) if name else -1
    return found


def _gathered(
    atoms: Shapes, region: Ints, block: Ints, peopled: NDArray[np.bool_], touching: Borders, scale: Floats
) -> Ints:
    """For each atom the atom it belongs to: scraps join their longest neighbour, all others stand for themselves.

    A scrap is a piece without dwellings in a block that has some, or one too narrow or small to be ground.
    """
    area = shapely.area(atoms) * scale[0] * scale[1]
    around = touching.around_m(len(atoms))
    block_peopled = np.bincount(block, peopled, block.max() + 1 if len(block) else 0) > 0
    thin = (area < SMALL_M2) | (area * 2 < around * NARROW_M)
    scrap = ~peopled & (block_peopled[block] | thin)
    owner = np.arange(len(atoms))
    same_block = block[touching.one] == block[touching.other]
    same_region = region[touching.one] == region[touching.other]
    # Longest first, inside of the same block before others; a scrap joins what is no open scrap any more.
    rank = np.lexsort((-touching.length, ~same_block))
    open_ = set(np.flatnonzero(scrap).tolist())
    for beyond_barriers in (False, True):
        chosen = rank[same_region[rank] & (touching.barrier[rank] <= beyond_barriers)]
        _join(open_, owner, list(zip(touching.one[chosen].tolist(), touching.other[chosen].tolist(), strict=True)))
    return owner


def _join(open_: set[int], owner: Ints, pairs: list[tuple[int, int]]) -> None:
    """Let open scraps join, until none has a neighbour among `pairs` that is none; the best pairs come first."""
    while open_:
        joined: dict[int, int] = {}
        for one, other in pairs:
            for scrap, to in ((one, other), (other, one)):
                if scrap in open_ and to not in open_ and scrap not in joined:
                    joined[scrap] = int(owner[to])
        if not joined:
            return
        for scrap, to in joined.items():
            owner[scrap] = to
        open_.difference_update(joined)


def _dissolved(
    regions: tuple[str, ...],
    atoms: Shapes,
    owner: Ints,
    region: Ints,
    block: Ints,
    households: Ints,
    compound: Ints,
    touching: Borders,
    scale: Floats,
) -> Cells:
    kept, cell = np.unique(owner, return_inverse=True)
    shapes = atoms[kept]
    crowded = np.flatnonzero(np.bincount(cell) > 1)
    for number in crowded:
        shapes[number] = shapely.coverage_union_all(atoms[cell == number])
    return Cells(
        regions=regions,
        shapes=shapes,
        region=region[kept],
        block=block[kept],
        households=np.bincount(cell, households, len(kept)).astype(np.int64),
        compound=compound[kept],
        spots_m=shapely.get_coordinates(shapely.centroid(shapes)) * scale,
        area_m2=shapely.area(shapes) * scale[0] * scale[1],
        borders=merged(touching, cell),
    )
