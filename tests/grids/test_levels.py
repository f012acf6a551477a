"""Codes by level, cut by level."""

import pytest

from grids.duties import DUTIES_WITH_RIGHT, KINDS_OF_DUTY, RIGHTS_OF_DUTY, Duty, Right
from grids.levels import (
    PARENT_KINDS,
    UnitKind,
    ancestor_codes,
    district_of,
    kind_of_code,
    next_code,
    parent_code,
    tier_code,
    unpadded,
    widest,
)


@pytest.mark.parametrize(
    ("code", "kind", "parent"),
    [
        ("51", UnitKind.PROVINCE, None),
        ("5111", UnitKind.CITY, "51"),
        ("511111", UnitKind.DISTRICT, "5111"),
        ("511111100", UnitKind.TOWN, "511111"),
        ("511111100001", UnitKind.VILLAGE, "511111100"),
        ("511111100001001", UnitKind.GRID, "511111100001"),
        ("511111D07", UnitKind.DEPARTMENT, "511111"),
        ("511111D0701", UnitKind.DEPARTMENT, "511111D07"),
        ("511111100D01", UnitKind.OFFICE, "511111100"),
        ("511111100D01A1", UnitKind.OFFICE, "511111100D01"),
    ],
)
def test_a_code_tells_its_kind_and_its_parent(code: str, kind: UnitKind, parent: str | None) -> None:
    assert kind_of_code(code) is kind
    assert parent_code(code) == parent
    above = kind_of_code(parent) if parent else None
    assert above is None or above in PARENT_KINDS[kind]


@pytest.mark.parametrize(
    "code",
    ["", "5", "511", "51111", "5111111", "51111110000", "511111D7", "511111d07", "5111D07", "511111\n", "５１１１１１"],
)
def test_other_texts_are_no_codes(code: str) -> None:
    assert kind_of_code(code) is None
    with pytest.raises(ValueError, match="not a unit code"):
        parent_code(code)


def test_padding_is_cut_by_groups_and_never_by_zeros() -> None:
    assert unpadded("510000000000") == "51"
    assert unpadded("500100000000") == "5001"
    assert unpadded("511111000000") == "511111"
    assert unpadded("430121100000") == "430121100", "the town's own zeros stay"
    assert unpadded("511111100010") == "511111100010"
    assert unpadded("511111D07") == "511111D07"


def test_the_way_up_ends_at_the_province() -> None:
    assert ancestor_codes("511111100001001") == ["511111100001", "511111100", "511111", "5111", "51"]
    assert ancestor_codes("511111100D0101") == ["511111100D01", "511111100", "511111", "5111", "51"]
    assert tier_code("511111100D01") == "511111100"
    assert district_of("511111D07") == "511111"


def test_a_subtree_is_the_range_up_to_the_next_code() -> None:
    for prefix in ("511111", "511111109", "511111D0Z", "51"):
        assert prefix < prefix + "9" < next_code(prefix)
        assert prefix + "Z" < next_code(prefix)
    with pytest.raises(ValueError, match="empty prefix"):
        next_code("")


def test_the_widest_prefixes_cover_the_rest() -> None:
    assert widest(["511111100001", "511111", "511111D07", "430302", "430302"]) == ["430302", "511111"]
    assert widest(["511111100", "511111101001"]) == ["511111100", "511111101001"]


def test_every_duty_sees_and_stands_somewhere() -> None:
    for duty in Duty:
        assert Right.VIEW in RIGHTS_OF_DUTY[duty]
        assert KINDS_OF_DUTY[duty]
    assert DUTIES_WITH_RIGHT[Right.DISPATCH] == (Duty.DISPATCHER,)
    assert UnitKind.VILLAGE not in KINDS_OF_DUTY[Duty.DISPATCHER], "village and grid never dispatch"
