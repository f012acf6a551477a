"""Which kinds of unit there are, how their codes look and which may stand under which.

The code is the path: a unit's code begins with its parent's code, so the subtree of a unit
is the range of codes that begin with its own. Codes are cut by level, never by stripping zeros.
Pure: no model, no query.
"""

import itertools
import re
from functools import lru_cache

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class UnitKind(TextChoices):
    PROVINCE = "province", _("Province")
    CITY = "city", _("City")
    DISTRICT = "district", _("District")
    TOWN = "town", _("Town")
    VILLAGE = "village", _("Village")
    GRID = "grid", _("Grid")
    DEPARTMENT = "department", _("Department")
    OFFICE = "office", _("Town office")


class GridKind(TextChoices):
    COMPREHENSIVE = "comprehensive", _("Comprehensive grid")
    DEDICATED = "dedicated", _("Dedicated grid")


class BoundaryBasis(TextChoices):
    """What the border of a grid follows (street, courtyard, park)."""

    STREETS = "streets", _("Streets, traffic and shops")
    COURTYARDS = "courtyards", _("Courtyards, ridges and rivers")
    SITES = "sites", _("Industry, enterprises and sights")


# From the widest tier to the narrowest: places only.
TIER_ORDER: tuple[UnitKind, ...] = (
    UnitKind.PROVINCE,
    UnitKind.CITY,
    UnitKind.DISTRICT,
    UnitKind.TOWN,
    UnitKind.VILLAGE,
    UnitKind.GRID,
)

# A place's code has exactly this many digits.
CODE_LENGTHS: dict[UnitKind, int] = dict(zip(TIER_ORDER, (2, 4, 6, 9, 12, 15), strict=True))

# These may stand at the top of an installation, without a parent.
TOP_KINDS: frozenset[UnitKind] = frozenset({UnitKind.PROVINCE, UnitKind.CITY, UnitKind.DISTRICT})

# These hold work and have a desk; province and city only carry sight.
DESK_KINDS: frozenset[UnitKind] = frozenset(
    {
        UnitKind.DISTRICT,
        UnitKind.TOWN,
        UnitKind.VILLAGE,
        UnitKind.DEPARTMENT,
        UnitKind.OFFICE,
    }
)

PARENT_KINDS: dict[UnitKind, frozenset[UnitKind]] = {
    UnitKind.PROVINCE: frozenset(),
    UnitKind.CITY: frozenset({UnitKind.PROVINCE}),
    UnitKind.DISTRICT: frozenset({UnitKind.CITY}),
    UnitKind.TOWN: frozenset({UnitKind.DISTRICT}),
    UnitKind.VILLAGE: frozenset({UnitKind.TOWN}),
    UnitKind.GRID: frozenset({UnitKind.VILLAGE}),
    UnitKind.DEPARTMENT: frozenset({UnitKind.DISTRICT, UnitKind.DEPARTMENT}),
    UnitKind.OFFICE: frozenset({UnitKind.TOWN, UnitKind.OFFICE}),
}

# The same text serves Python's re and PostgreSQL's ~.
CODE_PATTERNS: dict[UnitKind, str] = {
    **{kind: f"^[0-9]{{{length}}}$" for kind, length in CODE_LENGTHS.items()},
    UnitKind.DEPARTMENT: "^[0-9]{6}D[0-9A-Z]{2}([0-9A-Z]{2})?$",
    UnitKind.OFFICE: "^[0-9]{9}D[0-9A-Z]{2}([0-9A-Z]{2})?$",
}

PARENT_PATTERNS: dict[UnitKind, str] = {
    **{kind: CODE_PATTERNS[above] for above, kind in itertools.pairwise(TIER_ORDER)},
    UnitKind.DEPARTMENT: "^[0-9]{6}(D[0-9A-Z]{2})?$",
    UnitKind.OFFICE: "^[0-9]{9}(D[0-9A-Z]{2})?$",
}

CODE_MAX_LENGTH = 15


@lru_cache(maxsize=8192)
def kind_of_code(code: str) -> UnitKind | None:
    """The kind whose pattern `code` has, or None if it is no unit code at all."""
    for kind, pattern in CODE_PATTERNS.items():
        # fullmatch, as Python's $ also accepts a trailing newline.
        if re.fullmatch(pattern, code):
            return kind
    return None


def known_kind(code: str) -> UnitKind:
    """The kind whose pattern `code` has. Raises ValueError if it is no unit code."""
    kind = kind_of_code(code)
    if kind is None:
        raise ValueError(f"not a unit code: {code!r}")
    return kind


def unpadded(code: str) -> str:
    """A 12-digit statistical code cut to its level: groups of zeros at the end are padding.

    Whole groups only, so that 500100000000 is the city 5001; any other text comes back as it is.
    """
    if not re.fullmatch("[0-9]{12}", code):
        return code
    for longer, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if set(code[shorter:longer]) != {"0"}:
            return code[:longer]
    return code[:2]


def parent_code(code: str) -> str | None:
    """The code of the unit directly above, or None above a province.

    Raises ValueError if `code` is no unit code.
    """
    kind = known_kind(code)
    if kind in (UnitKind.DEPARTMENT, UnitKind.OFFICE):
        tier, _d, own = code.partition("D")
        return f"{tier}D{own[:2]}" if len(own) > 2 else tier
    if kind is UnitKind.PROVINCE:
        return None
    return code[: CODE_LENGTHS[TIER_ORDER[TIER_ORDER.index(kind) - 1]]]


def ancestor_codes(code: str) -> list[str]:
    """The codes of all units above, the nearest first."""
    return list(_ancestors(code))


@lru_cache(maxsize=8192)
def _ancestors(code: str) -> tuple[str, ...]:
    above = parent_code(code)
    return () if above is None else (above, *_ancestors(above))


def tier_code(code: str) -> str:
    """The place a code belongs to: a department's or office's tier, else the code itself."""
    return code.partition("D")[0]


def district_of(code: str) -> str:
    """The first six digits; shorter for a province or city, which belong to no district."""
    return code[:6]


def next_code(prefix: str) -> str:
    """The first code after every code that begins with `prefix`, in C collation.

    The subtree of a unit is `code >= prefix and code < next_code(prefix)`.
    """
    if not prefix:
        raise ValueError("the empty prefix has no end")
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def widest(prefixes: list[str]) -> list[str]:
    """The few shortest prefixes that cover all of `prefixes`, sorted."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
