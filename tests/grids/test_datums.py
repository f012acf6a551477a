"""Datums are converted at the edge, there and back without loss."""

import numpy as np
import pytest

from grids import datums
from grids.datums import Datum


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_the_inverse_is_exact(datum: Datum) -> None:
    true = np.random.default_rng(7).uniform([100, 22], [122, 45], (5000, 2))
    back = datums.to_cgcs2000(datums.from_cgcs2000(true, datum), datum)
    assert np.abs(back - true).max() < 1e-12, "a ten-thousandth of a millimetre"


def test_a_known_place_is_shifted_as_published() -> None:
    shifted = datums.from_cgcs2000([[113.912316, 22.543847]], Datum.GCJ02)
    assert shifted[0] == pytest.approx([113.9171764808363, 22.540796131694766], abs=1e-9)


def test_the_shift_is_hundreds_of_metres() -> None:
    true = np.random.default_rng(7).uniform([100, 22], [122, 45], (2000, 2))
    metres = np.hypot(*((datums.from_cgcs2000(true, Datum.GCJ02) - true) * [95_000, 111_000]).T)
    assert 200 < np.percentile(metres, 5) < np.percentile(metres, 95) < 700


@pytest.mark.parametrize("datum", [Datum.CGCS2000, Datum.WGS84])
def test_our_own_datum_passes_unchanged(datum: Datum) -> None:
    assert datums.lonlat_to_cgcs2000(103.55, 29.41, datum) == (103.55, 29.41)


def test_outside_of_china_nothing_is_shifted() -> None:
    assert datums.lonlat_to_cgcs2000(-73.98, 40.75, Datum.GCJ02) == (-73.98, 40.75)


def test_an_unknown_datum_is_an_error() -> None:
    with pytest.raises(ValueError, match="beijing54"):
        datums.to_cgcs2000([[103.55, 29.41]], "beijing54")
