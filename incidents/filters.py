"""What a list of incidents is narrowed to, as the address of a page says it and as it is said in one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.dateparse import parse_date

from grids.levels import TIER_ORDER, UnitKind, kind_of_code
from incidents import happenings, lights
from incidents.models import Light
from incidents.states import OPEN_STATES, State, Urgency

OPEN, ANY = "open", "any"
LIGHTS = (Light.RED, Light.YELLOW, Light.UNLIT, lights.PAUSED, lights.SUSPENDED, Light.GREEN, Light.NONE)
HOLDING_KINDS = tuple(kind for kind in TIER_ORDER if kind not in (UnitKind.PROVINCE, UnitKind.CITY))
QUERY_LENGTH = 80
NO_CATEGORY = 0
PLACE_LENGTHS = {"town": 9, "village": 12, "grid": 15}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; the defaults narrow nothing but the state, to what is open."""

    states: frozenset[str] = frozenset(OPEN_STATES)
    light: str = ""
    tier: str = ""
    holder: str = ""
    at: str = ""
    under: str = ""
    place: str = ""
    category: int | None = None
    urgency: str = ""
    words: str = ""
    since: date | None = None
    until: date | None = None
    ended: date | None = None
    # What happened from one moment until before another; without both moments it narrows nothing.
    act: str = ""
    act_from: datetime | None = None
    act_to: datetime | None = None
    # The kind of unit that handled it to the end.
    solved: str = ""
    mine: bool = False

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> "Filters":
        """The filters of a query string; what makes no sense is left out. Words alone search closed ones too."""
        words = str(given.get("q", "")).replace("\x00", "").strip()[:QUERY_LENGTH]
        names = given.getlist("state") if hasattr(given, "getlist") else [given.get("state", "")]
        return cls(
            states=_states(names, default=frozenset(State) if words else frozenset(OPEN_STATES)),
            light=_one_of(given.get("light"), LIGHTS),
            tier=_one_of(given.get("tier"), HOLDING_KINDS),
            holder=_code(given.get("holder")),
            at=_code(given.get("at")),
            under=_code(given.get("under")),
            place=_code(given.get("place")),
            category=_number(given.get("category")),
            urgency=_one_of(given.get("urgency"), Urgency),
            words=words,
            since=_day(given.get("since")),
            until=_day(given.get("until")),
            ended=_day(given.get("ended")),
            act=_one_of(given.get("act"), happenings.Act),
            act_from=happenings.moment(given.get("act_from")),
            act_to=happenings.moment(given.get("act_to")),
            solved=_one_of(given.get("solved"), HOLDING_KINDS),
            mine=given.get("mine") == "1",
        )

    def query(self, **extra: str) -> str:
        """The query string that parses to these filters; `extra` are other parameters of the page."""
        return urlencode(self.pairs(**extra))

    def pairs(self, **extra: str) -> list[tuple[str, str]]:
        """The same as names and values, for the hidden fields of a form."""
        pairs: list[tuple[str, str]] = [("state", name) for name in _state_names(self.states)]
        given = {
            "light": self.light,
            "tier": self.tier,
            "holder": self.holder,
            "at": self.at,
            "under": self.under,
            "place": self.place,
            "category": "" if self.category is None else str(self.category),
            "urgency": self.urgency,
            "q": self.words,
            "since": self.since or "",
            "until": self.until or "",
            "ended": self.ended or "",
            "act": self.act,
            "act_from": happenings.said(self.act_from),
            "act_to": happenings.said(self.act_to),
            "solved": self.solved,
            "mine": "1" if self.mine else "",
            **extra,
        }
        return pairs + [(name, str(value)) for name, value in given.items() if value]

    def but(self, **changes: Any) -> "Filters":
        """The same filters with some of them changed."""
        return replace(self, **changes)

    def narrowed(self, dimension: str, key: str) -> "Filters":
        """The filters of the list that `count_by(dimension)` counted under `key`."""
        if dimension == "state":
            return self.but(states=frozenset({key}))
        if dimension in PLACE_LENGTHS:
            if self.under.startswith(key) and self.under:
                return self
            # Whatever lies above that level is no part of a unit of it: it is counted under its own place alone.
            return self.but(under=key) if len(key) == PLACE_LENGTHS[dimension] else self.but(place=key)
        if dimension == "category":
            return self.but(category=int(key or NO_CATEGORY))
        return self.but(**{dimension: key})


def _states(names: Iterable[Any], *, default: frozenset[str]) -> frozenset[str]:
    chosen: set[str] = set()
    for name in names:
        if name == OPEN:
            chosen |= OPEN_STATES
        elif name == ANY:
            chosen |= set(State)
        elif name in State.values:
            chosen.add(State(name))
    return frozenset(chosen) or default


def _state_names(states: frozenset[str]) -> list[str]:
    if states == frozenset(State):
        return [ANY]
    if states == OPEN_STATES:
        return [OPEN]
    return [state.value for state in State if state in states]


def _one_of(value: Any, allowed: Iterable[str]) -> str:
    return str(value) if value and str(value) in [str(each) for each in allowed] else ""


def _code(value: Any) -> str:
    return str(value) if value and kind_of_code(str(value)) else ""


def _number(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _day(value: Any) -> date | None:
    try:
        day = parse_date(str(value or ""))
    except ValueError:
        return None
    # Beyond these there is no midnight in every zone, and nobody's incident.
    return day if day is not None and 1900 <= day.year < 2900 else None
