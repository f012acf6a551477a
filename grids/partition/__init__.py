"""Proposals: ground divided into balanced, connected grids that follow roads and respect villages. Pure."""

from grids.partition.cells import Cells
from grids.partition.division import METHOD, Area, Division, Wishes, divide
from grids.partition.ground import Dwellings, Ground, Line
from grids.partition.outlines import NotATiling

__all__ = ["METHOD", "Area", "Cells", "Division", "Dwellings", "Ground", "Line", "NotATiling", "Wishes", "divide"]
