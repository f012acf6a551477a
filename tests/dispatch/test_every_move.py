"""The walk over every row of the table of moves, from every state it starts in.

Each case says in full what its row says: who may, where it leads, who holds it, every clock of the incident and its
orders, and the event. What the rows refuse is walked beside it. `tests/incidents/test_lifecycle.py` tells the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from dispatch import moves, presses
from dispatch.moves import Order
from grids.duties import Duty
from grids.models import Person, Unit
from incidents import lifecycle
from incidents.lifecycle import Details
from incidents.models import Clock, ClockState, Incident, IncidentEvent, Sight, Subject
from incidents.refusals import MoveRefused
from incidents.states import BIRTHS, MOVES, Needs, State, Urgency
from tests.cast import PEOPLE
from tests.dispatch.play import Play

S = State
Given = Callable[[Play, Incident], dict[str, Any]]


# -- how an incident comes to where a move starts -----------------------------------------------------------------


def reported(play: Play) -> Incident:
    return play.report()


def urgent(play: Play) -> Incident:
    return play.report(urgency=Urgency.URGENT)


def accepted(play: Play) -> Incident:
    return play.press(play.report(), "accept", play.cast.village_clerk)


def urgent_accepted(play: Play) -> Incident:
    return play.press(urgent(play), "accept", play.cast.village_clerk)


def sent_up(play: Play) -> Incident:
    return play.press(play.report(), "escalate", play.cast.village_clerk)


def sent_up_accepted(play: Play) -> Incident:
    return play.press(sent_up(play), "accept", play.cast.town_clerk)


def at_district(play: Play) -> Incident:
    return play.at_district()


def dispatched(play: Play) -> Incident:
    return play.dispatched()


def answered_by_village(play: Play) -> Incident:
    return play.press(accepted(play), "answer", play.cast.village_clerk)


def answered_by_district(play: Play) -> Incident:
    return play.press(at_district(play), "answer", play.cast.district_clerk)


def answered_by_department(play: Play) -> Incident:
    return play.answered()


def suspended(play: Play) -> Incident:
    return play.suspended(at_district(play))


def suspended_dispatch(play: Play) -> Incident:
    return play.suspended(dispatched(play))


def closed(play: Play) -> Incident:
    return play.press(answered_by_village(play), "close", play.cast.town_checker)


def dismissed(play: Play) -> Incident:
    return play.press(reported(play), "dismiss", play.cast.village_clerk)


def merged_report(play: Play) -> Incident:
    incident = reported(play)
    return play.press(incident, "merge", play.cast.village_clerk, master=play.at_holder(incident))


def merged_dispatch(play: Play) -> Incident:
    incident = dispatched(play)
    return play.press(incident, "merge", play.cast.district_dispatcher, master=play.at_holder(incident))


def with_request(make: Callable[[Play], Incident], kind: str) -> Callable[[Play], Incident]:
    """`make`, and the holder's clerk has asked for `kind`."""

    def ask(play: Play) -> Incident:
        incident = make(play)
        clerks = {
            play.cast.village.pk: play.cast.village_clerk,
            play.cast.town.pk: play.cast.town_clerk,
            play.cast.district.pk: play.cast.district_clerk,
        }
        review = {"review_at": play.now + timedelta(days=9)} if kind == "suspend" else {}
        return play.press(incident, f"ask_{kind}", clerks[incident.holder_id], **review)

    ask.__name__ = f"{make.__name__}_and_asked"
    return ask


# -- what is given -------------------------------------------------------------------------------------------------


def nothing(_play: Play, _incident: Incident) -> dict[str, Any]:
    return {}


def to_department(play: Play, _incident: Incident) -> dict[str, Any]:
    return {"orders": [Order(play.cast.department, "请处置")]}


def to_other_department(play: Play, _incident: Incident) -> dict[str, Any]:
    return {"orders": [Order(play.cast.other_department, "请协助")]}


def to_sibling(play: Play, _incident: Incident) -> dict[str, Any]:
    return {"target_unit": play.cast.sibling_village}


def the_request(play: Play, incident: Incident) -> dict[str, Any]:
    return {"approval_id": play.request(incident).pk}


def another(play: Play, incident: Incident) -> dict[str, Any]:
    return {"master": play.at_holder(incident)}


# -- the table -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One row from one state. `clocks` are all clocks of a stage in the order of their birth."""

    move: str
    make: Callable[[Play], Incident]
    source: State
    by: str
    target: State
    holder: str
    clocks: dict[str, list[str]]
    given: Given = nothing
    may: frozenset[str] = frozenset()
    orders: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.move} from {self.make.__name__}"


def case(*row: Any, may: str = "", orders: str = "", **named: Any) -> Case:
    made = Case(*row, orders=orders.split(), **named)
    return Case(**{**made.__dict__, "may": frozenset(may.split()) or frozenset({made.by})})


UP = ["green", "green"]
DISTRICT_ACCEPT = [*UP, "green"]
BOSSES = "district_clerk district_dispatcher"
CHECKERS = "district_checker other_district_checker"
R, P, D, X = "running", "paused suspension", "paused dispatch", "none"
DONE_SIGN = {"sign": ["green"]}

CASES = [
    case("accept", reported, S.REPORTED, "village_clerk", S.ACCEPTED, "village",
         {"accept": ["green"], "handle": [R], "overall": [R]}),
    case("dismiss", reported, S.REPORTED, "village_clerk", S.DISMISSED, "village",
         {"accept": [X], "overall": [X]}),
    case("escalate", reported, S.REPORTED, "village_clerk", S.REPORTED, "town",
         {"accept": ["green", R], "overall": [R]}),
    case("escalate", accepted, S.ACCEPTED, "village_clerk", S.REPORTED, "town",
         {"accept": ["green", R], "handle": [X], "overall": [R]}),
    case("escalate_urgent", urgent, S.REPORTED, "village_clerk", S.REPORTED, "district",
         {"accept": ["green", R], "overall": [R]}),
    case("escalate_urgent", urgent_accepted, S.ACCEPTED, "village_clerk", S.REPORTED, "district",
         {"accept": ["green", R], "handle": [X], "overall": [R]}),
    case("send_back", sent_up, S.REPORTED, "town_clerk", S.REPORTED, "village",
         {"accept": ["green", "green", R], "overall": [R]}),
    case("send_back", sent_up_accepted, S.ACCEPTED, "town_clerk", S.REPORTED, "village",
         {"accept": ["green", "green", R], "handle": [X], "overall": [R]}),
    case("transfer", reported, S.REPORTED, "village_clerk", S.REPORTED, "sibling_village",
         {"accept": ["green", R], "overall": [R]}, to_sibling),
    case("transfer", accepted, S.ACCEPTED, "village_clerk", S.REPORTED, "sibling_village",
         {"accept": ["green", R], "handle": [X], "overall": [R]}, to_sibling),
    case("dispatch", sent_up_accepted, S.ACCEPTED, "town_dispatcher", S.DISPATCHED, "town",
         {"accept": UP, "handle": [D], "overall": [R], "sign": [R]}, to_department, orders="called"),
    case("dispatch", dispatched, S.DISPATCHED, "district_dispatcher", S.DISPATCHED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, D], "overall": [R], "sign": [R, R]},
         to_other_department, orders="called called"),
    case("recall", dispatched, S.DISPATCHED, "district_dispatcher", S.ACCEPTED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, R], "overall": [R], "sign": [X]}, orders="recalled"),
    case("answer", accepted, S.ACCEPTED, "village_clerk", S.ANSWERED, "town",
         {"accept": ["green"], "handle": ["green"], "check": [R], "overall": [R]}),
    case("answer", at_district, S.ACCEPTED, "district_clerk", S.ANSWERED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, "green"], "check": [R], "overall": [R]}),
    case("rework", answered_by_village, S.ANSWERED, "town_checker", S.ACCEPTED, "village",
         {"accept": ["green"], "handle": ["green", R], "check": ["green"], "overall": [R]}),
    case("rework", answered_by_department, S.ANSWERED, "district_checker", S.DISPATCHED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, "green", D], "check": ["green"], "overall": [R],
          "sign": ["green", R], "finish": ["green"]}, may=CHECKERS, orders="called"),
    case("close", answered_by_village, S.ANSWERED, "town_checker", S.CLOSED, "town",
         {"accept": ["green"], "handle": ["green"], "check": ["green"], "overall": ["green"]}),
    case("close", answered_by_department, S.ANSWERED, "district_checker", S.CLOSED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, "green"], "check": ["green"], "overall": ["green"],
          "sign": ["green"], "finish": ["green"]}, may=CHECKERS, orders="fed_back"),
    case("close", answered_by_district, S.ANSWERED, "district_checker", S.CLOSED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, "green"], "check": ["green"], "overall": ["green"]},
         may=CHECKERS),
    case("suspend", with_request(at_district, "suspend"), S.ACCEPTED, "district_duty_chief", S.SUSPENDED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, P], "overall": [P], "pause": [R]}, the_request),
    case("suspend", with_request(dispatched, "suspend"), S.DISPATCHED, "district_duty_chief", S.SUSPENDED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, D], "overall": [P], "sign": [P], "pause": [R]},
         the_request, orders="called"),
    case("resume", suspended, S.SUSPENDED, "district_duty_chief", S.ACCEPTED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, R], "overall": [R], "pause": [X]}),
    case("resume", suspended_dispatch, S.SUSPENDED, "district_duty_chief", S.DISPATCHED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, D], "overall": [R], "sign": [R], "pause": [X]}, orders="called"),
    case("void", with_request(sent_up, "void"), S.REPORTED, "town_duty_chief", S.VOIDED, "town",
         {"accept": ["green", X], "overall": [X]}, the_request),
    case("void", with_request(sent_up_accepted, "void"), S.ACCEPTED, "town_duty_chief", S.VOIDED, "town",
         {"accept": UP, "handle": [X], "overall": [X]}, the_request),
    case("void", with_request(dispatched, "void"), S.DISPATCHED, "district_duty_chief", S.VOIDED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, X], "overall": [X], "sign": [X]}, the_request, orders="recalled"),
    case("void", with_request(answered_by_village, "void"), S.ANSWERED, "town_duty_chief", S.VOIDED, "town",
         {"accept": ["green"], "handle": ["green"], "check": [X], "overall": [X]}, the_request),
    case("void", with_request(suspended_dispatch, "void"), S.SUSPENDED, "district_duty_chief", S.VOIDED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, X], "overall": [X], "sign": [X], "pause": [X]},
         the_request, orders="recalled"),
    case("merge", reported, S.REPORTED, "village_clerk", S.MERGED, "village",
         {"accept": [X], "overall": [X]}, another),
    case("merge", sent_up_accepted, S.ACCEPTED, "town_clerk", S.MERGED, "town",
         {"accept": UP, "handle": [X], "overall": [X]}, another, may="town_clerk town_dispatcher"),
    case("merge", dispatched, S.DISPATCHED, "district_dispatcher", S.MERGED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, X], "overall": [X], "sign": [X]}, another,
         may=BOSSES, orders="recalled"),
    case("merge", answered_by_village, S.ANSWERED, "town_clerk", S.MERGED, "town",
         {"accept": ["green"], "handle": ["green"], "check": [X], "overall": [X]}, another,
         may="town_clerk town_dispatcher"),
    case("merge", suspended_dispatch, S.SUSPENDED, "district_clerk", S.MERGED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, X], "overall": [X], "sign": [X], "pause": [X]}, another,
         may=BOSSES, orders="recalled"),
    case("unmerge", merged_report, S.MERGED, "village_clerk", S.REPORTED, "village",
         {"accept": [X, R], "overall": [X, R]}),
    case("unmerge", merged_dispatch, S.MERGED, "district_clerk", S.ACCEPTED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, X, R], "overall": [X, R], "sign": [X]},
         may=BOSSES, orders="recalled"),
    case("reopen", closed, S.CLOSED, "town_checker", S.ACCEPTED, "village",
         {"accept": ["green"], "handle": ["green", R], "check": ["green"], "overall": ["green", R]},
         may=f"town_checker {CHECKERS}"),
    case("reopen", dismissed, S.DISMISSED, "town_checker", S.REPORTED, "town",
         {"accept": [X, R], "overall": [X, R]}, may="village_checker town_checker"),
]  # fmt: skip

# The same rows pressed by the system: what a due clock, or the last order, presses.
SYSTEM = [
    case("escalate", reported, S.REPORTED, "", S.REPORTED, "town", {"accept": ["green", R], "overall": [R]}),
    case("escalate", accepted, S.ACCEPTED, "", S.REPORTED, "town",
         {"accept": ["green", R], "handle": [X], "overall": [R]}),
    case("recall", dispatched, S.DISPATCHED, "", S.ACCEPTED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, R], "overall": [R], "sign": [X]}, orders="recalled"),
    case("answer", dispatched, S.DISPATCHED, "", S.ANSWERED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, "green"], "check": [R], "overall": [R], "sign": [X]},
         orders="recalled"),
    case("resume", suspended, S.SUSPENDED, "", S.ACCEPTED, "district",
         {"accept": DISTRICT_ACCEPT, "handle": [X, X, R], "overall": [R], "pause": [X]}),
]  # fmt: skip


def stands(incident: Incident) -> dict[str, list[str]]:
    """How every clock stands: its final light, or its state and the cause of its pause."""
    found: dict[str, list[str]] = {}
    for clock in Clock.objects.filter(incident=incident).exclude(subject_kind=Subject.INSPECTION).order_by("pk"):
        how = clock.final_light if clock.state == ClockState.STOPPED else f"{clock.state} {clock.pause_cause}".strip()
        found.setdefault(clock.stage, []).append(how)
    return found


def orders_of(incident: Incident) -> list[str]:
    return list(incident.assignments.order_by("pk").values_list("state", flat=True))


def last_move(incident: Incident) -> IncidentEvent:
    return IncidentEvent.objects.get(incident=incident, seq=incident.seq)


def after(play: Play, case: Case) -> tuple[Incident, Incident, IncidentEvent]:
    """The incident before and after the move, and the move's event."""
    before = play.fresh(case.make(play))
    assert before.state == case.source
    given = case.given(play, before)
    if case.by:
        by = getattr(play.cast, case.by)
        incident = play.press(before, case.move, by, seen_seq=before.seq, **given)
    else:
        play.later(minutes=1)
        incident = presses.press(incident_id=before.pk, name=case.move, actor=None, now=play.now)
    return before, incident, last_move(incident)


@pytest.mark.parametrize("case", CASES + SYSTEM, ids=str)
def test_a_move_leads_to_its_state_holder_clocks_and_event(play: Play, case: Case) -> None:
    before, incident, event = after(play, case)
    holder: Unit = getattr(play.cast, case.holder)

    assert (incident.state, incident.holder_id, incident.seq) == (case.target, holder.pk, before.seq + 1)
    assert stands(incident) == case.clocks
    assert orders_of(incident) == case.orders
    assert incident.is_open == (incident.closed_at is None)
    assert Sight.objects.filter(incident=incident, unit=holder).exists()

    assert event.kind == case.move and event.occurred_at == play.now
    assert (event.state_before, event.state_after) == (before.state, case.target)
    assert (event.holder_before_id, event.holder_after_id) == (before.holder_id, holder.pk)
    if not case.by:
        assert (event.actor, event.unit, event.duty) == (None, None, "")
        return
    actor: Person = getattr(play.cast, case.by)
    posts = {username: (unit, duties) for username, _name, unit, duties in PEOPLE}
    unit, duties = posts[case.by]
    assert (event.actor, event.unit_id) == (actor, unit)
    assert Duty(event.duty) in duties
    if Needs.NOTE in MOVES[case.move].needs:
        assert event.note == "有理由"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_only_those_the_row_names_may_make_the_move(play: Play, case: Case) -> None:
    incident = play.fresh(case.make(play))
    given = case.given(play, incident)
    play.later(minutes=1)
    may = set()
    for username, *_post in PEOPLE:
        person = getattr(play.cast, username)
        try:
            with transaction.atomic():
                moves.perform(
                    incident_id=incident.pk, name=case.move, actor=person, now=play.now, note="有理由", **given
                )
                may.add(username)
                transaction.set_rollback(True)
        except MoveRefused as refused:
            assert refused.code in {"no_right", "handled_it", "own_request", "missing"}, f"{username}: {refused.code}"
            if refused.code == "missing":
                assert refused.field == "on_site", f"{username}: {refused.field}"
    assert may == case.may
    assert play.fresh(incident).seq == incident.seq


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_row_demands_must_be_given(play: Play, case: Case) -> None:
    incident = play.fresh(case.make(play))
    by = getattr(play.cast, case.by)
    given = case.given(play, incident)
    play.later(minutes=1)
    assert play.refused(incident, case.move, by, seen_seq=incident.seq - 1, **given) == "stale"

    needs = MOVES[case.move].needs
    if needs & {Needs.NOTE, Needs.RESULT}:
        assert play.refused(incident, case.move, by, note=" \n", **given) == "missing"
    if needs & {Needs.UNIT, Needs.ORDER, Needs.APPROVAL, Needs.MASTER}:
        assert play.refused(incident, case.move, by) == "missing"
    if not MOVES[case.move].by_system:
        with pytest.raises(MoveRefused) as caught:
            lifecycle.move(incident_id=incident.pk, name=case.move, actor=None, now=play.now)
        assert caught.value.code == "by_person_only"
    assert play.fresh(incident).seq == incident.seq


REPRESENTATIVES = {
    S.REPORTED: reported,
    S.ACCEPTED: at_district,
    S.DISPATCHED: dispatched,
    S.ANSWERED: answered_by_department,
    S.SUSPENDED: suspended,
    S.CLOSED: closed,
    S.DISMISSED: dismissed,
    S.VOIDED: lambda play: play.press(
        with_request(at_district, "void")(play),
        "grant",
        play.cast.district_duty_chief,
        approval_id=play.request(Incident.objects.latest("pk")).pk,
    ),
    S.MERGED: merged_report,
}


@pytest.mark.parametrize("state", REPRESENTATIVES, ids=lambda state: str(state.value))
def test_from_any_other_state_a_move_is_refused(play: Play, state: State) -> None:
    incident = REPRESENTATIVES[state](play)
    assert incident.state == state
    for row in MOVES.values():
        if row.name in BIRTHS or state in row.sources:
            continue
        with pytest.raises(MoveRefused) as caught:
            lifecycle.move(
                incident_id=incident.pk,
                name=row.name,
                actor=play.cast.district_clerk,
                now=play.now,
                note="有理由",
                details=Details(target_unit=play.cast.other_town),
            )
        assert caught.value.code == "wrong_state", row.name
    assert play.fresh(incident).seq == incident.seq


@pytest.mark.parametrize("make", [reported, accepted], ids=lambda make: make.__name__)
def test_only_a_redrawn_boundary_rehomes_and_the_new_village_gets_a_fresh_clock(
    play: Play, make: Callable[[Play], Incident]
) -> None:
    incident = make(play)
    redrawn = Details(place=play.cast.third_grid, plan_id=7)
    given: dict[str, Any] = {"incident_id": incident.pk, "name": "rehome", "now": play.now}
    for actor, details, code in (
        (play.cast.village_clerk, redrawn, "by_system_only"),
        (None, Details(place=play.cast.third_grid), "missing"),
        (None, Details(plan_id=7), "missing"),
    ):
        with pytest.raises(MoveRefused) as caught:
            lifecycle.move(**given, actor=actor, details=details)
        assert caught.value.code == code
    moved = presses.press(**given, actor=None, details=redrawn)
    assert (moved.state, moved.holder, moved.place) == (S.REPORTED, play.cast.sibling_village, play.cast.third_grid)
    assert moved.occurrence_grid == play.cast.grid
    assert stands(moved)["accept"][-1] == R and stands(moved)["overall"] == [R]
    assert last_move(moved).details["plan"] == 7


def test_a_birth_is_no_move(play: Play) -> None:
    incident = play.report()
    for name in BIRTHS:
        assert play.refused(incident, name, play.cast.officer) == "unknown"
    assert play.refused(incident, "rehome", play.cast.village_clerk) == "by_system_only"


def test_only_the_system_answers_what_others_work_on(play: Play) -> None:
    incident = dispatched(play)
    for person in (play.cast.district_clerk, play.cast.district_dispatcher, play.cast.handler):
        assert play.refused(incident, "answer", person) == "by_system_only"


def test_the_walk_leaves_out_no_row_and_no_state() -> None:
    walked = {(case.move, case.source) for case in CASES + SYSTEM}
    rows = {
        (row.name, source)
        for row in MOVES.values()
        for source in row.sources
        if row.name not in BIRTHS and row.name != "rehome"
    }
    assert walked == rows
    assert {case.move for case in SYSTEM} | {"rehome"} == {
        row.name for row in MOVES.values() if row.by_system and row.name not in BIRTHS
    }
