"""Who may see plans and what each may do with one; the answers of the studio's addresses when something is refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from grids import approvals, permissions
from grids.coverage import EditRefused
from grids.drafts import SCOPES
from grids.duties import PLAN_READERS, Right
from grids.holds import FINISHED, PlanConflict
from grids.levels import CODE_LENGTHS, UnitKind
from grids.models import Person, Plan, PlanStatus, Unit
from grids.refusals import BoundaryRefused
from grids.subtrees import within

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class May:
    """What a person may do with a plan as it stands."""

    # By the person's duties alone, whatever the state of the plan.
    draws: bool
    approves: bool
    edit: bool
    prove: bool
    approve: bool
    publish: bool
    discard: bool
    take_back: bool

    def wire(self) -> dict[str, bool]:
        return {"edit": self.edit, "prove": self.prove, "approve": self.approve, "publish": self.publish}


def may(person: Person, plan: Plan, *, now: datetime) -> May:
    """The rights of a person at a plan; an approval is never by who drew last. Three queries."""
    draws = permissions.allows(person, Right.ADMINISTER, plan.scope_id, now=now)
    open_ = plan.status not in FINISHED
    approves = permissions.allows(person, Right.APPROVE_PLAN, approvals.approver_of(plan.scope_id), now=now)
    checked = plan.status in (PlanStatus.PROVEN, PlanStatus.APPROVED)
    return May(
        draws=draws,
        approves=approves,
        edit=draws and open_,
        prove=draws and plan.status in (PlanStatus.DRAFT, PlanStatus.PROVEN),
        approve=approves and plan.status == PlanStatus.PROVEN and approvals.may_approve(person, plan, now=now),
        publish=draws and plan.status == PlanStatus.APPROVED,
        discard=draws and open_,
        take_back=checked and (draws or approves),
    )


def scopes_of(person: Person, rights: tuple[Right, ...], *, now: datetime) -> list[str]:
    """The units over which the person has one of the rights; "" for the keeper of the house."""
    if person.is_superuser and person.is_active:
        return [""]
    found: set[str] = set()
    for right in rights:
        found |= set(permissions.units_with_right(person, right, now=now))
    # A plan is for a place above the grids; heads of departments and of grids approve none.
    return sorted(code for code in found if "D" not in code and len(code) <= CODE_LENGTHS[UnitKind.VILLAGE])


def places(person: Person, *rights: Right, now: datetime) -> list[Unit]:
    """The living villages, towns and districts over which the person has one of the rights, by code."""
    found = within(scopes_of(person, rights, now=now))
    return list(Unit.objects.filter(found, kind__in=SCOPES, retired_at__isnull=True).order_by("code"))


def seen_plans(person: Person, *, now: datetime) -> Q:
    """Which plans a person may read. Http404 for who may read none at all."""
    scopes = scopes_of(person, PLAN_READERS, now=now)
    if not scopes:
        raise Http404
    return within(scopes, "scope")


def seen_plan(request: HttpRequest, pk: int, *, now: datetime, without: tuple[str, ...] = ()) -> Plan:
    """The plan, for those who may read it (`without` fields that are not asked); Http404 for everybody else."""
    person = request.user
    plan = Plan.objects.select_related("scope", "held_by", "approved_by").defer(*without).filter(pk=pk).first()
    if plan is None or not isinstance(person, Person):
        raise Http404
    if not any(permissions.allows(person, right, plan.scope_id, now=now) for right in PLAN_READERS):
        raise Http404
    return plan


def drawn_plan(request: HttpRequest, pk: int, *, now: datetime) -> Plan:
    """The plan, for those who draw it; PermissionDenied for those who only read it, Http404 for everybody else."""
    person = request.user
    plan = Plan.objects.select_related("scope").defer("frame", "certificate").filter(pk=pk).first()
    if plan is not None and isinstance(person, Person):
        if permissions.allows(person, Right.ADMINISTER, plan.scope_id, now=now):
            return plan
        if any(permissions.allows(person, right, plan.scope_id, now=now) for right in PLAN_READERS[1:]):
            raise PermissionDenied
    raise Http404


def problem(status: int, title: str, detail: str, code: str, **more: Any) -> JsonResponse:
    """Why something is refused, as problem details for the page's scripts."""
    body = {"title": title, "status": status, "detail": detail, "code": code, **more}
    return JsonResponse(body, status=status, content_type=PROBLEM)


View = Callable[..., HttpResponse]


def says_why(view: View) -> View:
    """Answer refusals of a JSON address as problem details: 403, 409 with the state, 422 with the place."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PermissionDenied as refused:
            detail = str(refused) or _("You have no duty here that allows this.")
            return problem(403, _("Not allowed"), detail, "forbidden")
        except PlanConflict as conflict:
            return problem(409, _("The plan stands otherwise"), conflict.message, conflict.code, **conflict.more)
        except EditRefused as refused:
            place = {"at": list(refused.at)} if refused.at else {}
            return problem(422, _("This cannot be done"), refused.message, refused.code, **place)
        except BoundaryRefused as refused:
            code = str(getattr(refused, "code", "") or "refused")
            return problem(422, _("This cannot be done"), " ".join(refused.messages), code)

    return answered


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent; empty where nothing was. Raises EditRefused for what the log could not keep."""
    if not request.body:
        return {}
    try:
        sent = json.loads(request.body)
        # No number that is none, no half of a letter: both raise ValueError.
        kept = json.dumps(sent, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise EditRefused("bad_arguments", _("What was sent cannot be read.")) from error
    if not isinstance(sent, dict) or rb"\u0000" in kept:
        raise EditRefused("bad_arguments", _("What was sent cannot be read."))
    return sent
