"""Regions for a division from areas that may not fit: what two claim goes to the first, what none owns to the neighbour
with the longest shared border. Pure.
"""

from collections.abc import Mapping

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grids import lattice, proof

_STEP = 1.0 / lattice.SCALE


def regions(areas: Mapping[str, list[BaseGeometry]], frame: BaseGeometry) -> dict[str, BaseGeometry]:
    """The union of each region's areas; all of them tile the frame, also where the areas do not.

    A region of which nothing is left inside of the frame is left out.
    """
    every = {f"{code}#{number}": shape for code, shapes in areas.items() for number, shape in enumerate(shapes)}
    if proof.prove(every, frame).holds:
        return {code: shapely.coverage_union_all(shapes) for code, shapes in areas.items()}
    codes = list(areas)
    claims = np.array([shapely.union_all(shapely.make_valid(areas[code])) for code in codes], dtype=object)
    lines = [*shapely.boundary(claims), shapely.boundary(frame)]
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=_STEP)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    middles = shapely.point_on_surface(faces)
    faces = faces[shapely.intersects(frame, middles)]
    middles = shapely.point_on_surface(faces)
    owner = np.full(len(faces), -1)
    face, claim = shapely.STRtree(claims).query(middles, predicate="intersects")
    order = np.lexsort((-claim, face))
    owner[face[order]] = claim[order]
    while (owner < 0).any():
        nobodys = np.flatnonzero(owner < 0)
        found = {int(face): _neighbour(int(face), faces, owner) for face in nobodys}
        if not any(number >= 0 for number in found.values()):
            owner[nobodys] = 0
        for number, to in found.items():
            owner[number] = to if to >= 0 else owner[number]
    return {
        code: shapely.coverage_union_all(faces[owner == number])
        for number, code in enumerate(codes)
        if (owner == number).any()
    }


def _neighbour(face: int, faces: np.ndarray, owner: np.ndarray) -> int:
    """The region that has the longest border with a face, or -1 where no region touches it."""
    near = np.flatnonzero((owner >= 0) & shapely.intersects(faces[face], faces))
    shared: dict[int, float] = {}
    for other in near.tolist():
        length = shapely.length(shapely.intersection(shapely.boundary(faces[face]), shapely.boundary(faces[other])))
        if length > 0:
            shared[int(owner[other])] = shared.get(int(owner[other]), 0.0) + float(length)
    return max(sorted(shared), key=shared.__getitem__) if shared else -1
