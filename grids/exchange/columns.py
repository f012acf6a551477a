"""What the columns of a file mean: found out by their names, chosen by hand where that fails. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from grids.exchange.features import Raw
from grids.levels import BoundaryBasis, GridKind, unpadded

# As much of a code as is worth repeating when it is wrong.
_LONGEST_CODE = 40
# In the order of trust; all compared without case, blanks and underscores.
_NAMES: dict[str, tuple[str, ...]] = {
    "code": ("code", "gridcode", "网格编码", "网格代码", "编码", "代码", "wgbm", "wgdm", "bm", "dm", "id编码"),
    "name": ("name", "gridname", "网格名称", "名称", "网格", "wgmc", "mc"),
    "village": (
        "village", "villagecode", "villcode", "villname",
        "村", "村社区", "社区", "所属村", "所属社区", "村编码", "村名称", "sqbm", "sqmc", "cun",
    ),
    "households": ("households", "户数", "家庭数", "总户数", "hs", "hushu"),
    "kind": ("kind", "gridkind", "网格类型", "类型", "wglx"),
    "basis": ("basis", "boundarybasis", "边界依据", "划分依据"),
}  # fmt: skip
_DEDICATED = ("dedicated", "专属网格", "专属", "专属网格(专属)")


@dataclass(frozen=True)
class Columns:
    """Which column holds what; empty where none does."""

    code: str = ""
    name: str = ""
    village: str = ""
    households: str = ""
    kind: str = ""
    basis: str = ""


MEANINGS = tuple(field.name for field in fields(Columns))


def guessed(names: Iterable[str]) -> Columns:
    """The columns by their usual names."""
    plain = {name.lower().replace("_", "").replace(" ", ""): name for name in reversed(list(names))}
    return Columns(
        **{meaning: next((plain[name] for name in usual if name in plain), "") for meaning, usual in _NAMES.items()}
    )


def code_of(feature: Raw, column: str) -> str:
    """The unit code that stands there, cut to its level; as much of anything else as is worth repeating."""
    return unpadded(feature.text(column))[:_LONGEST_CODE]


def households_of(feature: Raw, column: str) -> int | str | None:
    """The number, the text that is none, or None where nothing stands."""
    text = feature.text(column).replace(",", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else text


def kind_of(feature: Raw, column: str) -> GridKind | None:
    """The kind of grid, None where nothing is said."""
    text = feature.text(column).lower()
    if not text:
        return None
    return GridKind.DEDICATED if text in _DEDICATED else GridKind.COMPREHENSIVE


def basis_of(feature: Raw, column: str) -> str:
    """What the border follows, empty where nothing is said that we know."""
    text = feature.text(column).lower()
    return text if text in BoundaryBasis.values else ""
