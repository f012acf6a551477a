"""The geometry of areas that tile a frame: every edit of a draft is made here, and every fault found here.

Areas are polygons or multipolygons on the 1e-7 degree lattice (`grids.lattice`), by whole-number keys; the frame is
the outline of what they divide. An edit takes the areas it touches and all that touch those, and the whole frame; it
answers with what changed and never changes what it was given. It keeps an exact coverage exact, works beside faults
elsewhere, and makes none. Pure but for gettext: no database, no clock, no chance.
"""

from grids.coverage.arcs import Arc, arcs, outline, shared_metres
from grids.coverage.cuts import split
from grids.coverage.edits import (
    LEAST_WIDTH_METRES,
    LONGEST_METRES,
    SNAP_METRES,
    Edited,
    EditRefused,
    Shapes,
)
from grids.coverage.faults import CoverageFault, Repair, faults
from grids.coverage.gifts import give, merge
from grids.coverage.noding import insert_into
from grids.coverage.pockets import Pocket, pocket_at, pockets
from grids.coverage.proofs import DoubleProof, prove_twice
from grids.coverage.repairs import repair, repair_fault
from grids.coverage.vertices import insert_vertex, move_vertex, remove_vertex

__all__ = [
    "LEAST_WIDTH_METRES",
    "LONGEST_METRES",
    "SNAP_METRES",
    "Arc",
    "CoverageFault",
    "DoubleProof",
    "EditRefused",
    "Edited",
    "Pocket",
    "Repair",
    "Shapes",
    "arcs",
    "faults",
    "give",
    "insert_into",
    "insert_vertex",
    "merge",
    "move_vertex",
    "outline",
    "pocket_at",
    "pockets",
    "prove_twice",
    "remove_vertex",
    "repair",
    "repair_fault",
    "shared_metres",
    "split",
]
