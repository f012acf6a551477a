"""What a redraw does, in rows for a page: which grid becomes what, who serves where, what goes from where to where.

Of a plan not published yet from its `Impact`; of a published one from what it wrote.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.redraw import NUMBERS, Impact, effect_of
from grids.duties import Duty
from grids.models import Lineage, Person, Plan, PlanArea, Post, Unit
from grids.reposting import Reposting


@dataclass(frozen=True)
class Part:
    """A share of an old grid that lies in a new one; `percent` of its households, else of its ground."""

    code: str
    name: str
    percent: int


@dataclass
class Line:
    """A grid before the redraw and what becomes of it. `how`: "retired", "reshaped", "kept" or "revived"."""

    code: str
    name: str
    how: str
    parts: list[Part] = field(default_factory=list)
    leaves: int = 0


@dataclass(frozen=True)
class Seat:
    """A grid that begins: who is its officer, or why it has none."""

    code: str
    name: str
    officer: str
    vacant_reason: str
    is_back: bool


@dataclass
class Turn:
    """Which grids a person gains and loses."""

    person: str
    begins: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """All a page shows of a redraw."""

    numbers: Mapping[str, int | None]
    lines: list[Line]
    seats: list[Seat]
    turns: list[Turn]
    flows: list[tuple[str, str, int, int]]
    refusals: list[str]

    @property
    def is_empty(self) -> bool:
        return not any(self.numbers.get(name) for name in NUMBERS[2:])


def foretold(impact: Impact) -> Story:
    """What publishing the plan would do. Three queries."""
    redraw = impact.redraw
    names = {**_names({*redraw.before, *redraw.revived}), **redraw.names()}
    leaves: dict[str, int] = defaultdict(int)
    flows: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in impact.rehomed.moved:
        leaves[one.old] += 1
        flows[one.old, one.new][0] += 1
        flows[one.old, one.new][1] += one.is_move
    shares: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for share in redraw.shares:
        shares[share.old].append((redraw.codes[share.key], share.weight))
    how = dict.fromkeys(redraw.reshaped, "reshaped") | dict.fromkeys(redraw.retired, "retired")
    lines = [_line(code, how[code], shares.get(code, []), names, leaves) for code in sorted(how)]
    people = Person.objects.in_bulk([row.officer for row in redraw.rows.values() if row.officer])
    seats = []
    for key, row in sorted(redraw.rows.items(), key=lambda pair: redraw.codes[pair[0]]):
        code = redraw.codes[key]
        if code in redraw.born or code in redraw.revived:
            officer = people[row.officer].full_name if row.officer in people else ""
            seats.append(Seat(code, names.get(code, ""), officer, row.vacant_reason, code in redraw.revived))
    return Story(
        impact.numbers,
        lines,
        seats,
        _turns(*_by_person(redraw.reposting)),
        [(names.get(old, old), names.get(new, new), all_, anew) for (old, new), (all_, anew) in sorted(flows.items())],
        list(impact.refusals),
    )


def told(plan: Plan) -> Story:
    """What a published plan did. Five queries; empty where it came before effects were kept."""
    effect: dict[str, Any] = plan.effect or {}
    shares: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in Lineage.objects.filter(plan=plan):
        weight = row.area_share if row.households_share is None else row.households_share
        shares[row.old_id].append((row.new_id, weight))
    born, revived = effect.get("born", []), effect.get("revived", [])
    names = _names({*shares, *born, *revived, *(new for parts in shares.values() for new, _weight in parts)})
    how = dict.fromkeys(effect.get("reshaped", []), "reshaped") | dict.fromkeys(effect.get("retired", []), "retired")
    lines = [_line(code, how[code], shares.get(code, []), names, {}) for code in sorted(how)]
    areas = PlanArea.objects.filter(plan=plan, published_as__in=[*born, *revived]).select_related("officer")
    seats = [
        Seat(
            str(area.published_as_id),
            names.get(str(area.published_as_id), ""),
            area.officer.full_name if area.officer else "",
            area.vacant_reason,
            area.published_as_id in revived,
        )
        for area in areas.order_by("published_as")
    ]
    posts = effect.get("posts", {})
    ended = [pk for pk, _until in posts.get("ended", [])]
    rows = Post.objects.filter(pk__in=[*ended, *posts.get("begun", [])]).order_by("unit_id", "pk")
    begun: dict[int, list[tuple[str, str]]] = defaultdict(list)
    over: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for post in rows:
        (over if post.pk in ended else begun)[post.person_id].append((post.unit_id, post.duty))
    return Story(effect_of(plan), lines, seats, _turns(begun, over), [], [])


def _line(
    code: str, how: str, parts: Iterable[tuple[str, float]], names: Mapping[str, str], leaves: Mapping[str, int]
) -> Line:
    shown = [Part(new, names.get(new, ""), round(weight * 100)) for new, weight in parts]
    shown.sort(key=lambda part: (-part.percent, part.code))
    return Line(code, names.get(code, ""), how, [part for part in shown if part.percent], leaves.get(code, 0))


def _by_person(
    reposting: Reposting,
) -> tuple[dict[int, list[tuple[str, str]]], dict[int, list[tuple[str, str]]]]:
    begun: dict[int, list[tuple[str, str]]] = defaultdict(list)
    ended: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for order in reposting.begun:
        begun[order.person].append((order.unit, order.duty.value))
    for post in reposting.ended:
        ended[post.person_id].append((post.unit_id, post.duty))
    return begun, ended


def _turns(begun: Mapping[int, list[tuple[str, str]]], ended: Mapping[int, list[tuple[str, str]]]) -> list[Turn]:
    names = dict(Person.objects.filter(pk__in={*begun, *ended}).values_list("pk", "full_name"))
    found = [
        Turn(
            names.get(person, ""),
            [f"{unit} {Duty(duty).label}" for unit, duty in sorted(begun.get(person, []))],
            [f"{unit} {Duty(duty).label}" for unit, duty in sorted(ended.get(person, []))],
        )
        for person in {*begun, *ended}
    ]
    return sorted(found, key=lambda turn: (turn.begins or turn.ends, turn.person))


def _names(codes: Iterable[str]) -> dict[str, str]:
    return {unit.pk: unit.label for unit in Unit.objects.filter(pk__in=set(codes)).only("code", "name", "short_name")}
