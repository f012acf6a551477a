"""Features as a file holds them, before anything is believed. Pure."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
# Nothing that is worth reading in a column is longer.
MOST_LETTERS = 200
# What no database, XML file or page takes, and what turns round the letters after it.
_NO_LETTERS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def readable(text: str, most: int = MOST_LETTERS) -> str:
    """A text as a person reads it: signs that are none marked, invisible ones gone, one space between words."""
    return " ".join(_INVISIBLE.sub("", _NO_LETTERS.sub("\ufffd", text)).split())[:most]


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
        return readable(str(value))


@dataclass(frozen=True)
class Layer:
    """All features of one layer, and what the file says about them. `datum` is our own mark in files we wrote."""

    name: str
    columns: tuple[str, ...]
    crs: str
    datum: str
    features: tuple[Raw, ...]
    notes: tuple[str, ...] = ()
