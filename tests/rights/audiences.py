"""Who should get in, said once and apart from the code that decides it: from the posts of the cast alone."""

from collections.abc import Callable

from grids.duties import Duty
from tests.cast import PEOPLE
from tests.rights.world import NEAR

# Is this person (None: nobody signed in) of the audience, for the side `near` or `far`?
Audience = Callable[[str | None, str], bool]

KEEPER, NEWCOMER = "keeper", "newcomer"
_POSTS = {name: (unit, frozenset(duties)) for name, _full_name, unit, duties in PEOPLE}

GRIDS = {NEAR: "511111100001001", "far": "511111101001001"}
DEPARTMENTS = {NEAR: "511111D01", "far": "511111D02"}
OFFICERS = {NEAR: "officer", "far": "other_officer"}
DISTRICT = "511111"


def unit_of(name: str | None) -> str:
    return _POSTS.get(name or "", ("", frozenset()))[0]


def duties_of(name: str | None) -> frozenset[Duty]:
    return _POSTS.get(name or "", ("", frozenset()))[1]


def above(name: str | None, code: str) -> bool:
    """Whether the person serves at the unit or at one above it."""
    unit = unit_of(name)
    return bool(unit) and code.startswith(unit)


def everybody(name: str | None, scope: str) -> bool:
    return True


def nobody(name: str | None, scope: str) -> bool:
    return False


def signed_in(name: str | None, scope: str) -> bool:
    return name is not None


def keeper(name: str | None, scope: str) -> bool:
    return name == KEEPER


def with_sight(name: str | None, scope: str) -> bool:
    """Anybody with a post, wherever; and the keeper of the installation."""
    return name == KEEPER or bool(unit_of(name))


def with_post(name: str | None, scope: str) -> bool:
    return bool(unit_of(name))


def at_a_place(name: str | None, scope: str) -> bool:
    """Who serves a place: not a department or an office."""
    return bool(unit_of(name)) and "D" not in unit_of(name)


def sees(part: str) -> Audience:
    """Who serves at or above the side's village, grid, town or department."""

    def audience(name: str | None, scope: str) -> bool:
        return name == KEEPER or above(name, code_of(part, scope))

    return audience


def code_of(part: str, scope: str) -> str:
    """The code of the side's grid, village, town or department."""
    if part == "department":
        return DEPARTMENTS[scope]
    return GRIDS[scope][: {"grid": 15, "village": 12, "town": 9}[part]]


def sees_incident(name: str | None, scope: str) -> bool:
    """The place and all above it, and the department that was called in."""
    return name == KEEPER or above(name, GRIDS[scope]) or unit_of(name) == DEPARTMENTS[scope]


def serves(part: str, *duties: Duty) -> Audience:
    """Who holds one of the duties (or any) at this very unit."""

    def audience(name: str | None, scope: str) -> bool:
        code = DISTRICT if part == "district" else code_of(part, scope)
        return unit_of(name) == code and (not duties or bool(duties_of(name) & set(duties)))

    return audience


def over(part: str, *duties: Duty) -> Audience:
    """Who holds one of the duties at the unit or above it."""

    def audience(name: str | None, scope: str) -> bool:
        return above(name, code_of(part, scope)) and bool(duties_of(name) & set(duties))

    return audience


def duty(*duties: Duty) -> Audience:
    """Who holds one of the duties anywhere."""
    return lambda name, scope: bool(duties_of(name) & set(duties))


def person(who: dict[str, str]) -> Audience:
    """Exactly the one the side names."""
    return lambda name, scope: name == who[scope]


def either(*audiences: Audience) -> Audience:
    return lambda name, scope: any(audience(name, scope) for audience in audiences)


def administers(part: str) -> Audience:
    return either(over(part, Duty.ADMINISTRATOR), keeper)
