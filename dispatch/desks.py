"""One desk: the tabs of a unit, what lies in each and in which order, by one set of conditions for rows and counts.

What waits for a unit is told by the clock that runs against it, so a tab is a set of stages; what it has handed in is
told by the state of its orders. Sorted by due moment, what stands still last. Whoever sees the unit sees its desk: each
incident that was held or ordered here has a `Sight` of this unit.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from django.db.models import CharField, Count, Func, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from dispatch import narrowing
from dispatch.acts import ACTS, RIGHT_TO_TAKE
from dispatch.desk_tabs import BODIES, HELD_TABS, REQUESTS, RETURNED, Tab, tabs_of
from dispatch.models import Approval, ApprovalState, Assignment, AssignmentState
from grids.duties import Right
from grids.levels import UnitKind
from grids.models import Person, Unit
from incidents import keyset, lights, selectors
from incidents.filters import Filters
from incidents.lists import conditions
from incidents.models import CAME_BACK, Clock, ClockState, Incident, Inspection, Subject
from incidents.models.clocks import rest
from incidents.selectors import Row
from incidents.states import MOVES, Stage, State, Urgency

A = AssignmentState
SIZE = 50
MOST_EMERGENCIES = 5
BY_DUE = ("rest", "due_at", "pk")
LAST_ENDED = ("-ended_at", "-pk")
FIRST_ASKED = ("asked_at", "pk")
COMMANDS = frozenset({UnitKind.DISTRICT, UnitKind.TOWN})
# Presses that need nothing but the press itself: the row's button makes them at once.
AT_ONCE = frozenset({"accept", "sign", "resume"})
# Presses that are neither a move nor an act on an order.
OTHER_ACTS = {"grant": _("Grant"), "confirm": _("Confirm it is solved")}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a desk: the incident's row, the clock against this unit, and the order or request it is about."""

    row: Row
    clock: lights.ShownClock | None
    arrived_at: datetime
    seq: int
    act: str = ""
    assignment: Assignment | None = None
    request: Approval | None = None
    is_inspection: bool = False

    @property
    def act_label(self) -> str:
        """The verb on the row's button."""
        row = MOVES.get(self.act) or ACTS.get(self.act)
        return str(row.label if row else OTHER_ACTS[self.act])

    @property
    def is_at_once(self) -> bool:
        return self.act in AT_ONCE

    @property
    def pick(self) -> str:
        """What a selected row sends: number, the `seq` that was seen, the order if it is about one."""
        order = f":{self.assignment.pk}" if self.assignment else ""
        return f"{self.row.number}:{self.seq}{order}"


def takes_orders(kind: UnitKind | str | None, rights: Collection[Right]) -> bool:
    """Whether somebody with `rights` at a unit of this kind signs for its orders."""
    return RIGHT_TO_TAKE.get(kind or "") in rights


@dataclass(frozen=True)
class Desk:
    """A unit's desk as one person meets it at `now`, narrowed by `filters` (their states count for nothing here)."""

    unit: Unit
    person: Person
    rights: frozenset[Right]
    now: datetime
    filters: Filters
    under_name: str = ""

    @cached_property
    def tabs(self) -> list[Tab]:
        """The tabs of this kind of unit."""
        return list(tabs_of(self.unit.kind))

    def tab(self, key: str) -> Tab:
        """The tab with this key, else the first."""
        return next((tab for tab in self.tabs if tab.key == key), self.tabs[0])

    @property
    def takes_orders(self) -> bool:
        return takes_orders(self.unit.kind, self.rights)

    def presses(self, tab: Tab) -> list[str]:
        """What the person may press for several rows of the tab at once."""
        asked = {"accept": Right.HANDLE, "escalate": Right.HANDLE, "close": Right.CHECK}
        top = self.unit.kind == UnitKind.DISTRICT
        return [
            name
            for name in tab.many
            if (
                self.takes_orders if name == "sign" else asked[name] in self.rights and not (top and name == "escalate")
            )
        ]

    # -- what lies where, one condition each ---------------------------------------------------------------

    def clocks(self, tab: Tab) -> QuerySet[Clock]:
        """The clocks of a tab, each with its incident, in no order."""
        found = self._lit(self._open_clocks().filter(stage__in=tab.stages)).annotate(rest=rest())
        if self.filters.light:
            # It follows from the light; said, the index of the desk's order is entered at the place.
            found = found.filter(rest=int(self.filters.light == lights.PAUSED))
        if tab.key == RETURNED:
            moved, returned = self._back_again()
            found = found.filter(pk__in=moved.values("pk").union(returned.values("pk"), all=True))
        return selectors.for_rows(found, "incident__")

    def ended(self, tab: Tab) -> QuerySet[Assignment]:
        """The ended orders of a tab whose incidents still go on."""
        found = self._ended_orders().filter(state=tab.ended).select_related("ordered_by_unit")
        return selectors.for_rows(found, "incident__")

    def requests(self) -> QuerySet[Approval]:
        """The requests that wait for a decision at this unit."""
        found = Approval.objects.filter(holder=self.unit, state=ApprovalState.PENDING)
        return selectors.for_rows(self._narrowed(found).select_related("asked_by", "asked_unit"), "incident__")

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is narrowed to a light at most, so that everybody with the same rights sees the same."""
        return self._bare == Filters(states=frozenset(State))

    def counts(self) -> dict[str, int]:
        """How much lies in each tab. One query."""
        return self._counted[0]

    @cached_property
    def _counted(self) -> tuple[dict[str, int], str]:
        """How much lies in each tab, and the ids of the incidents that the filters leave."""
        sql, values = _counting(self.unit.kind, self.filters.light, not self.is_plain)
        later = self.now - _ANY_MOMENT
        given = [value + later if isinstance(value, datetime) else value for value in values]
        given = [self.unit.pk if value == _ANY_UNIT else value for value in given]
        rows, ids = narrowing.counted(sql, given, None if self.is_plain else self._wanted)
        number: dict[str, int] = defaultdict(int)
        for what, key, count in rows:
            number[what if what in (RETURNED, REQUESTS.key) else f"{what}.{key}"] += count
        return {tab.key: self._number(tab, number) for tab in self.tabs}, ids

    def counting(self) -> QuerySet:
        """What counts the tabs: rows of (what, value of a field, how many)."""
        parts = [self._numbers(self._lit(self._open_clocks()), "stage", "clock")]
        if any(tab.key == RETURNED for tab in self.tabs):
            parts += [self._numbers(clocks, "stage", RETURNED) for clocks in self._back_again()]
        if any(tab.ended for tab in self.tabs):
            parts.append(self._numbers(self._ended_orders(), "state", "ended"))
        if REQUESTS in self.tabs:
            waiting = Approval.objects.filter(holder=self.unit, state=ApprovalState.PENDING)
            parts.append(self._numbers(self._narrowed(waiting), "state", REQUESTS.key))
        return parts[0].union(*parts[1:], all=True)

    def _number(self, tab: Tab, number: dict[str, int]) -> int:
        if tab.ended:
            return number[f"ended.{tab.ended}"]
        if tab is REQUESTS or tab.key == RETURNED:
            return number[tab.key]
        return sum(number[f"clock.{stage}"] for stage in tab.stages)

    def _numbers(self, found: QuerySet, field: str, what: str) -> QuerySet:
        """Rows of (what, value of the field, how many)."""
        grouped = found.order_by().values_list(field).annotate(number=Count("pk"))
        return grouped.annotate(what=Value(what, CharField())).values_list("what", field, "number")

    def _back_again(self) -> tuple[QuerySet[Clock], QuerySet[Clock]]:
        """The clocks of what was sent back or is to be done again; those of what waits as a unit returned its order."""
        stages = next(tab.stages for tab in HELD_TABS if tab.key == RETURNED)
        clocks = self._lit(self._open_clocks().filter(stage__in=stages))
        moved = Incident.objects.filter(holder=self.unit, closed_at__isnull=True, arrived_by__in=CAME_BACK)
        returned = Assignment.objects.filter(
            ordered_by_unit=self.unit, state=A.RETURNED, required=True, replaced_by__isnull=True
        )
        # While others are at work the holder's time stands still: where it runs, it waits for the holder.
        running = clocks.alias(rest=rest()).filter(rest=0, state=ClockState.RUNNING, stage=Stage.HANDLE)
        waiting = running.filter(incident__in=returned.values("incident"))
        return clocks.filter(incident__in=moved), waiting.exclude(incident__in=moved)

    def _open_clocks(self) -> QuerySet[Clock]:
        return self._narrowed(Clock.objects.filter(unit=self.unit).exclude(state=ClockState.STOPPED))

    def _lit(self, clocks: QuerySet[Clock]) -> QuerySet[Clock]:
        return clocks.filter(lights.showing(self.filters.light, self.now)) if self.filters.light else clocks

    def _ended_orders(self) -> QuerySet[Assignment]:
        wanted = [tab.ended for tab in self.tabs if tab.ended]
        found = Assignment.objects.filter(unit=self.unit, state__in=wanted, incident__closed_at__isnull=True)
        return self._narrowed(found)

    def _narrowed(self, found: QuerySet) -> QuerySet:
        return found if self.is_plain else found.filter(self._is_wanted)

    @cached_property
    def _is_wanted(self) -> Func:
        """The condition that the filters left a row's incident."""
        return narrowing.among(self._counted[1])

    @property
    def _bare(self) -> Filters:
        return self.filters.but(states=frozenset(State), light="")

    @property
    def _wanted(self) -> QuerySet:
        """The incidents the filters leave, of those on desks: open ones, and ended ones drawn to be inspected."""
        found = Incident.objects.filter(conditions(self._bare, self.person)).values("pk")
        drawn = Inspection.objects.filter(unit=self.unit, ended_at__isnull=True).values("incident")
        ended = found.filter(closed_at__isnull=False, pk__in=drawn)
        return found.filter(closed_at__isnull=True).union(ended, all=True)

    def emergencies(self) -> list[Line]:
        """Emergencies nobody has accepted here, the one that waits longest first, whatever the desk is narrowed to.

        Their rows come with those of the page.
        """
        if self._waiting and not self._emergency_rows:
            self._rows([])
        rows = self._emergency_rows
        return [
            Line(row, row.clock, row.incident.arrived_at, row.incident.seq, self._usual(row.incident)) for row in rows
        ]

    @cached_property
    def _waiting(self) -> list[Incident]:
        """One query, by an index of their own."""
        if self.unit.kind in BODIES:
            return []
        found = Incident.objects.filter(holder=self.unit, state=State.REPORTED, urgency=Urgency.CRITICAL)
        return list(selectors.for_rows(found).order_by("reported_at", "pk")[:MOST_EMERGENCIES])

    @cached_property
    def _emergency_rows(self) -> list[Row]:
        return []

    @property
    def changes_at(self) -> datetime | None:
        """When a light of what was read of this desk next changes by itself."""
        return selectors.next_change(chain.from_iterable(self._clocks.values()), self.now)

    @cached_property
    def _clocks(self) -> dict[int, list[Clock]]:
        return {}

    def _rows(self, incidents: Sequence[Incident]) -> list[Row]:
        """The rows of a page; those of the emergencies are read along, and kept."""
        wanted = [*incidents, *self._waiting]
        self._clocks.update(clocks := selectors.clocks_of(wanted))
        rows = selectors.rows(wanted, self.now, clocks=clocks) if wanted else []
        self._emergency_rows[:] = rows[len(incidents) :]
        return rows[: len(incidents)]

    # -- rows ----------------------------------------------------------------------------------------------

    def page(self, tab: Tab, *, after: str = "", before: str = "") -> tuple[list[Line], keyset.Page]:
        """The lines of one page of a tab, and the marks to go on from."""
        marks = {"after": after, "before": before}
        if tab is REQUESTS:
            page = keyset.page(self.requests(), FIRST_ASKED, size=SIZE, **marks)
            return self._request_lines(page.rows), page
        if tab.ended:
            page = keyset.page(self.ended(tab), LAST_ENDED, size=SIZE, **marks)
            return self._ended_lines(page.rows), page
        page = keyset.page(self.clocks(tab), BY_DUE, size=SIZE, **marks)
        return self._clock_lines(tab, page.rows), page

    def _clock_lines(self, tab: Tab, found: Sequence[Clock]) -> list[Line]:
        rows = self._rows([clock.incident for clock in found])
        orders: dict[int, Assignment] = {}
        if tab.of_orders:
            orders = Assignment.objects.select_related("ordered_by_unit").in_bulk([clock.subject_id for clock in found])
        lines = []
        for clock, row in zip(found, rows, strict=True):
            order = orders.get(clock.subject_id) if tab.of_orders else None
            lines.append(self._line(clock, row, order))
        return lines

    def _line(self, clock: Clock, row: Row, order: Assignment | None) -> Line:
        incident = row.incident
        shown = lights.shown(clock, self.now)
        if incident.state == State.SUSPENDED and shown.light == lights.PAUSED:
            shown = lights.ShownClock(lights.SUSPENDED, incident.review_at, None, False)
        if order is not None:
            act = "" if incident.state == State.SUSPENDED else "sign" if order.state == A.CALLED else "feed_back"
            return Line(row, shown, order.called_at, order.seq, act if self.takes_orders else "", order)
        if clock.subject_kind == Subject.INSPECTION:
            act = "confirm" if Right.CHECK in self.rights else ""
            return Line(row, shown, clock.started_at, incident.seq, act, is_inspection=True)
        return Line(row, shown, incident.arrived_at, incident.seq, self._usual(incident))

    def _usual(self, incident: Incident) -> str:
        """The press the person most likely wants on a held incident; its page offers the others."""
        if incident.state == State.REPORTED:
            return "accept" if Right.HANDLE in self.rights else ""
        if incident.state == State.ACCEPTED:
            if Right.DISPATCH in self.rights and self.unit.kind in COMMANDS:
                return "dispatch"
            return "answer" if Right.HANDLE in self.rights else ""
        if incident.state == State.ANSWERED:
            return "close" if Right.CHECK in self.rights else ""
        if incident.state == State.SUSPENDED:
            return "resume" if Right.GRANT in self.rights else ""
        return ""

    def _ended_lines(self, found: Sequence[Assignment]) -> list[Line]:
        rows = self._rows([order.incident for order in found])
        return [
            Line(row, row.clock, order.ended_at or order.called_at, order.seq, assignment=order)
            for order, row in zip(found, rows, strict=True)
        ]

    def _request_lines(self, found: Sequence[Approval]) -> list[Line]:
        rows = self._rows([request.incident for request in found])
        grants = Right.GRANT in self.rights
        return [
            Line(
                row,
                row.clock,
                request.asked_at,
                row.incident.seq,
                "grant" if grants and request.asked_by_id != self.person.pk else "",
                request=request,
            )
            for request, row in zip(found, rows, strict=True)
        ]


# Stand in for the unit and for now while a statement is put together; no unit has such a code.
_ANY_UNIT, _ANY_MOMENT = "000000", datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=128)
def _counting(kind: str, light: str, is_narrowed: bool) -> tuple[str, tuple[Any, ...]]:
    """The statement that counts at a desk of this kind, asked by everybody at it every few seconds, so made once.

    Its values hold `_ANY_UNIT` where the unit's code belongs, and moments reckoned from `_ANY_MOMENT`.
    """
    unit, filters = Unit(pk=_ANY_UNIT, kind=kind), Filters(states=frozenset(State), light=light)
    desk = Desk(unit, Person(), frozenset(), _ANY_MOMENT, filters)
    if is_narrowed:
        vars(desk).update(is_plain=False, _is_wanted=narrowing.in_statement())
    sql, values = desk.counting().query.sql_with_params()
    return sql, tuple(values)
