"""Who may read and who may press on each route. A route that is not here fails `test_matrix`.

`reads` is asked for GET, `presses` for POST; None says that the method is not there (405) or, for GET, that nothing is
shown. `sees` names those who may know that the thing exists: everybody else gets "not there", never "not for you".
"""

from collections.abc import Callable
from dataclasses import dataclass

from grids.duties import Duty
from tests.rights.audiences import (
    Audience,
    administers,
    at_a_place,
    duty,
    either,
    everybody,
    keeper,
    nobody,
    over,
    person,
    sees,
    sees_incident,
    serves,
    signed_in,
    with_post,
    with_sight,
)


@dataclass(frozen=True)
class Decision:
    """The audiences of one route."""

    reads: Audience | None
    presses: Audience | None = None
    sees: Audience = everybody
    # For those let in, whatever the page answers is a matter of its own tests.
    any_answer: bool = False


def read(audience: Audience, *, hidden: bool = False) -> Decision:
    return Decision(audience, sees=audience if hidden else everybody)


def press(audience: Audience, *, sees: Audience = everybody) -> Decision:
    return Decision(None, audience, sees)


def form(audience: Audience, *, sees: Audience = everybody) -> Decision:
    """A page with a form: who may open it may press it."""
    return Decision(audience, audience, sees)


WALKERS = serves("grid", Duty.OFFICER, Duty.ASSISTANT)
OFFICERS = person({"near": "officer", "far": "other_officer"})
VILLAGE_CLERKS = person({"near": "village_clerk", "far": "other_village_clerk"})
DESK = set(Duty) - {Duty.OFFICER, Duty.ASSISTANT, Duty.SUPERVISOR}
FIELD = duty(Duty.OFFICER, Duty.ASSISTANT, Duty.SUPERVISOR)
REPORTERS = duty(Duty.OFFICER, Duty.ASSISTANT, Duty.CLERK)
COLLEAGUES = either(sees("grid"), person({"near": "assistant", "far": ""}), person({"near": "supervisor", "far": ""}))
DEALERS = serves("district", Duty.CLERK, Duty.DISPATCHER, Duty.CHECKER, Duty.DUTY_CHIEF)

ORIGINALS = either(OFFICERS, DEALERS, over("grid", Duty.AUDITOR), keeper)
ADMINISTRATORS = either(duty(Duty.ADMINISTRATOR), keeper)
HOUSEKEEPERS = either(serves("district", Duty.ADMINISTRATOR), keeper)
INSPECTORS = either(duty(Duty.ADMINISTRATOR, Duty.AUDITOR), keeper)
# Who must know when the lights are late: who keeps the house, and who commands at a district.
WATCHERS = either(INSPECTORS, serves("district", Duty.DISPATCHER, Duty.DUTY_CHIEF))

# Who answers for the department that got the card.
ANSWERING = serves("department", Duty.HANDLER, Duty.HEAD)

KEY_MAKERS = either(duty(Duty.ADMINISTRATOR, Duty.AUDITOR, Duty.DUTY_CHIEF), keeper)

# Plans of a village are read by who draws, approves or looks after them there or above; drawn by administrators.
PLAN_READERS = either(over("village", Duty.ADMINISTRATOR, Duty.AUDITOR, Duty.HEAD), keeper)
PLAN_DRAWERS = administers("village")
PLAN_APPROVERS = over("town", Duty.HEAD)


def _reads_plans(name: str | None, scope: str) -> bool:
    """Who draws, approves or looks after plans anywhere: of heads those of places."""
    held = duty(Duty.ADMINISTRATOR, Duty.AUDITOR, Duty.HEAD)
    return keeper(name, scope) or (at_a_place(name, scope) and held(name, scope))


def _takes_boundaries(name: str | None, scope: str) -> bool:
    """Who draws or approves anywhere: of heads those of places."""
    return ADMINISTRATORS(name, scope) or (at_a_place(name, scope) and duty(Duty.HEAD)(name, scope))


def _admin() -> Decision:
    """Django's own administration: staff alone. What each may do there is proven with its pages."""
    return Decision(keeper, keeper, any_answer=True)


DECISIONS: dict[str, Decision] = {
    # -- the house ------------------------------------------------------------------------------------------
    "landing": form(signed_in),
    "admin:logout": Decision(everybody, everybody, any_answer=True),
    "admin/login/": Decision(everybody, everybody, any_answer=True),
    "login": Decision(everybody, everybody, any_answer=True),
    "signs": Decision(everybody, everybody, any_answer=True),
    "logout": press(everybody),
    "set_language": form(everybody),
    "password_change": Decision(signed_in, signed_in, any_answer=True),
    "governance:health": read(everybody),
    "governance:badges": form(signed_in),
    "governance:dashboard": read(with_sight, hidden=True),
    "governance:by_grid": read(with_sight, hidden=True),
    "governance:administration": read(INSPECTORS, hidden=True),
    "governance:limits": read(INSPECTORS, hidden=True),
    "governance:calendar": read(INSPECTORS, hidden=True),
    "governance:calendar_own": Decision(None, HOUSEKEEPERS, any_answer=True),
    "governance:calendar_join": press(HOUSEKEEPERS, sees=INSPECTORS),
    "governance:calendar_change": form(HOUSEKEEPERS, sees=INSPECTORS),
    "governance:calendar_effect": Decision(HOUSEKEEPERS, sees=INSPECTORS, any_answer=True),
    "governance:calendar_apply": press(HOUSEKEEPERS, sees=INSPECTORS),
    "governance:calendar_count": press(HOUSEKEEPERS, sees=INSPECTORS),
    "governance:calendar_abandon": press(HOUSEKEEPERS, sees=INSPECTORS),
    "governance:accounts": read(INSPECTORS, hidden=True),
    "governance:unlock": Decision(None, ADMINISTRATORS, any_answer=True),
    "governance:end_token": Decision(None, ADMINISTRATORS, any_answer=True),
    "governance:watch": read(WATCHERS, hidden=True),
    "governance:wall": read(with_sight, hidden=True),
    "governance:wall_areas": read(with_sight, hidden=True),
    "governance:wall_keys": form(KEY_MAKERS, sees=KEY_MAKERS),
    "governance:wall_key_revoke": press(either(over("village", Duty.ADMINISTRATOR, Duty.AUDITOR), keeper)),
    # Whoever has the key's address is the screen.
    "governance:wall_by_key": read(everybody),
    "governance:wall_areas_by_key": read(everybody),
    # -- the boundary studio --------------------------------------------------------------------------------
    "studio:plans": read(_reads_plans, hidden=True),
    "studio:begin": form(ADMINISTRATORS, sees=ADMINISTRATORS),
    "studio:plan": read(PLAN_READERS, hidden=True),
    "studio:settings": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:approve": press(PLAN_APPROVERS, sees=PLAN_READERS),
    "studio:take_back": press(either(PLAN_DRAWERS, PLAN_APPROVERS), sees=PLAN_READERS),
    "studio:discard": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:copy": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:compare": read(PLAN_READERS, hidden=True),
    "studio:compare_areas": read(PLAN_READERS, hidden=True),
    "studio:preview": read(PLAN_READERS, hidden=True),
    "studio:publish": form(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:schedule": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:roll_back": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:draw": read(PLAN_READERS, hidden=True),
    "studio:today": read(PLAN_READERS, hidden=True),
    "studio:proposals": form(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:proposal_cards": Decision(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:proposal_take": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:proposal_remove": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:state": read(PLAN_READERS, hidden=True),
    "studio:standing": read(PLAN_READERS, hidden=True),
    "studio:operate": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:faults": read(PLAN_READERS, hidden=True),
    "studio:balance": read(PLAN_READERS, hidden=True),
    "studio:log": read(PLAN_READERS, hidden=True),
    "studio:ground": read(PLAN_READERS, hidden=True),
    "studio:cells": read(PLAN_READERS, hidden=True),
    "studio:officers": Decision(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:hold": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:release": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:prove": press(PLAN_DRAWERS, sees=PLAN_READERS),
    "studio:import": form(ADMINISTRATORS),
    # A file that waits is its sender's alone; what the sender may is proven with the page.
    "studio:import_preview": form(nobody),
    "studio:import_drop": press(nobody),
    "studio:export_published": form(_takes_boundaries),
    "studio:export": form(
        either(over("village", Duty.ADMINISTRATOR, Duty.HEAD), keeper),
        sees=either(over("village", Duty.ADMINISTRATOR, Duty.HEAD), keeper),
    ),
    # -- places and people ----------------------------------------------------------------------------------
    "grids:units": read(with_sight, hidden=True),
    "grids:my_grid": read(with_post, hidden=True),
    "grids:unit": read(sees("village"), hidden=True),
    "grids:below": read(sees("village"), hidden=True),
    "grids:ended_posts": read(sees("village"), hidden=True),
    "grids:people": read(sees("village"), hidden=True),
    "grids:unit_card": read(with_sight, hidden=True),
    "grids:person_new": form(administers("village"), sees=administers("village")),
    "grids:appoint": form(administers("village"), sees=administers("village")),
    "grids:candidates": read(administers("village"), hidden=True),
    # Outlines of places, at most of the district one serves; the ground is not there without a setting.
    "grids:tile": read(with_sight, hidden=True),
    "governance:tianditu": Decision(nobody),
    "governance:basemap_file": Decision(nobody),
    "grids:forces": read(sees("village"), hidden=True),
    "grids:force_new": form(administers("grid"), sees=administers("grid")),
    "grids:force_end": press(administers("grid"), sees=administers("grid")),
    "grids:routine_new": form(administers("grid"), sees=administers("grid")),
    "grids:routine_end": press(administers("grid"), sees=administers("grid")),
    "grids:relieve": form(administers("grid"), sees=administers("grid")),
    "grids:person": read(COLLEAGUES, hidden=True),
    "grids:person_password": press(administers("grid"), sees=administers("grid")),
    "grids:person_close": press(administers("grid"), sees=administers("grid")),
    "grids:person_reopen": press(administers("grid"), sees=administers("grid")),
    "grids:person_unlock": press(administers("grid"), sees=administers("grid")),
    "grids:person_edit": form(administers("grid"), sees=administers("grid")),
    "grids:change_grid": form(administers("grid"), sees=administers("grid")),
    "grids:unit_new": form(administers("village"), sees=administers("village")),
    "grids:unit_edit": form(administers("village"), sees=administers("village")),
    "governance:unit_end": form(administers("village"), sees=administers("village")),
    "governance:unit_end_call_off": press(administers("village"), sees=administers("village")),
    "governance:planned_ends": read(INSPECTORS, hidden=True),
    "grids:audit": read(INSPECTORS, hidden=True),
    "grids:audit_export": press(INSPECTORS, sees=INSPECTORS),
    "grids:map": read(with_sight, hidden=True),
    "grids:boundaries": read(with_sight, hidden=True),
    # -- incidents ------------------------------------------------------------------------------------------
    "incidents:marks": read(signed_in),
    "incidents:at_unit": read(sees("village"), hidden=True),
    "incidents:report": form(REPORTERS),
    "incidents:locate": read(REPORTERS),
    "incidents:places": read(REPORTERS),
    "incidents:areas": read(at_a_place),
    "incidents:receipt": Decision(nobody),
    "incidents:sent": read(sees_incident, hidden=True),
    "incidents:today": read(signed_in),
    "incidents:tasks": read(signed_in),
    "incidents:walk": press(WALKERS, sees=WALKERS),
    "incidents:mine": read(signed_in),
    "incidents:photos": read(sees_incident, hidden=True),
    "incidents:add_photo": press(sees_incident, sees=sees_incident),
    "incidents:photo shown": read(sees_incident, hidden=True),
    "incidents:photo original": Decision(
        ORIGINALS, sees=sees_incident
    ),
    "incidents:list": read(signed_in),
    "incidents:filter": read(signed_in),
    "incidents:export": form(duty(*DESK)),
    "incidents:exports": read(either(duty(*DESK), with_post)),
    # Somebody's own requests, and those of the units one answers for: tests/incidents/test_export_requests.py.
    "incidents:export_decide": press(nobody),
    "incidents:export_take": press(nobody),
    "incidents:detail": read(sees_incident, hidden=True),
    "incidents:live": read(sees_incident, hidden=True),
    "incidents:why": read(sees_incident, hidden=True),
    "incidents:comment": press(sees_incident, sees=sees_incident),
    # -- what is done about them ----------------------------------------------------------------------------
    "dispatch:todo": read(signed_in),
    "dispatch:desk": read(sees("town"), hidden=True),
    "dispatch:several": press(serves("town", Duty.CLERK), sees=serves("town", Duty.CLERK)),
    "dispatch:panel": read(sees_incident, hidden=True),
    "dispatch:move": form(serves("district", Duty.DISPATCHER), sees=sees_incident),
    "dispatch:order_act": form(serves("department", Duty.HANDLER), sees=sees_incident),
    "dispatch:decide": form(serves("district", Duty.DUTY_CHIEF), sees=sees_incident),
    "dispatch:card_act": form(ANSWERING, sees=sees_incident),
    "dispatch:supervision": read(signed_in),
    "dispatch:inbox": read(signed_in),
    "dispatch:unread": read(signed_in),
    "dispatch:addresses": form(signed_in),
    "dispatch:address_act": press(OFFICERS, sees=OFFICERS),
    "dispatch:robots": form(ADMINISTRATORS, sees=ADMINISTRATORS),
    "dispatch:deliveries": read(INSPECTORS, hidden=True),
    "dispatch:replay": press(ADMINISTRATORS, sees=ADMINISTRATORS),
    "dispatch:audience": read(INSPECTORS, hidden=True),
    "dispatch:audience_edit": form(ADMINISTRATORS, sees=ADMINISTRATORS),
    "dispatch:read_all": press(signed_in),
    "dispatch:notice": read(VILLAGE_CLERKS, hidden=True),
    # -- programs: the same rooms by another door -----------------------------------------------------------
    "api:root": read(signed_in),
    "api:login": press(everybody),
    "api:logout": press(signed_in),
    "api:tokens": read(signed_in),
    "api:token": Decision(nobody),
    "api:me": read(signed_in),
    "api:problems": read(everybody),
    "api:problem": read(everybody),
    "api:schema": read(signed_in),
    "api:docs": read(signed_in),
    "api:nowhere": Decision(nobody, nobody),
    # There is nothing, whoever asks.
    "no_api": Decision(None),
    "api:units": read(signed_in),
    "api:unit_at": read(signed_in),
    "api:unit": read(sees("village"), hidden=True),
    "api:unit_boundary": read(sees("grid"), hidden=True),
    "api:categories": read(signed_in),
    "api:category": read(signed_in),
    "api:incidents": form(signed_in),
    "api:incident": read(sees_incident, hidden=True),
    "api:history": read(sees_incident, hidden=True),
    "api:photos": form(sees_incident, sees=sees_incident),
    "api:photo shown": read(sees_incident, hidden=True),
    "api:photo original": Decision(ORIGINALS, sees=sees_incident),
    "api:moves": Decision(sees_incident, serves("district", Duty.DISPATCHER), sees_incident),
    "api:assignments": read(signed_in),
    "api:assignment": read(sees_incident, hidden=True),
    "api:actions": press(serves("department", Duty.HANDLER), sees=sees_incident),
    "api:cards": read(signed_in),
    "api:card": read(sees_incident, hidden=True),
    "api:card_actions": press(ANSWERING, sees=sees_incident),
    "api:inbox": read(signed_in),
    "api:inbox_unread": read(signed_in),
    "api:inbox_read": press(signed_in),
    "api:notice": read(VILLAGE_CLERKS, hidden=True),
    "api:notice_read": press(VILLAGE_CLERKS, sees=VILLAGE_CLERKS),
}  # fmt: skip

# Whole families of routes with one decision: by the beginning of the route's name.
FAMILIES: dict[str, Callable[[], Decision]] = {"admin:": _admin}
