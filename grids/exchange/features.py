"""Features as a file holds them, before anything is believed. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
# Nothing that is worth reading in a column is longer.
MOST_LETTERS = 200


@dataclass(frozen=True)
class Raw:
    """One feature: its number from 1, its columns, and the rings of its parts, or why it has none."""

    index: int
    properties: Mapping[str, Any]
    parts: tuple[tuple[Ring, ...], ...] | str

    def text(self, column: str) -> str:
        """A column's value as a person reads it; empty if there is none."""
        value = self.properties.get(column) if column else None
        if value is None or isinstance(value, bool | list | dict) or value != value:
            return ""
        if isinstance(value, float | np.floating):
            # Databases of old Shapefiles keep codes as floating numbers.
            value = int(value) if math.isfinite(value) and float(value).is_integer() else f"{float(value):.10g}"
        return " ".join(str(value).replace("\0", "\ufffd").split())[:MOST_LETTERS]


@dataclass(frozen=True)
class Layer:
    """All features of one layer, and what the file says about them. `datum` is our own mark in files we wrote."""

    name: str
    columns: tuple[str, ...]
    crs: str
    datum: str
    features: tuple[Raw, ...]
    notes: tuple[str, ...] = ()
