"""The face of the administration: what there is to set and look after, the limits by case, accounts locked or lent."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from knox.models import AuthToken

from dispatch import rule_words
from dispatch.wording import limit_in_words
from grids import accounts, audit, audit_list, lockouts, permissions, selectors
from grids.duties import Right
from grids.holds import FINISHED
from grids.levels import DESK_KINDS, UnitKind
from grids.models import EndState, Person, Plan, PlannedEnd, Post, Unit
from grids.requests import PersonRequest
from grids.subtrees import within
from incidents import calendar_warnings, limit_choice
from incidents.limit_choice import Candidate, Case, Choice, Matrix
from incidents.models import Category, EscalationRule, TimeLimit
from incidents.states import Stage, Urgency

TOKENS_MOST = 200


def _read_by(person: Person, now: Any) -> list[str]:
    """The units the person administers or audits; Http404 for anybody else."""
    codes = audit_list.read_by(person, now=now)
    if not codes:
        raise Http404
    return codes


@require_safe
@login_required
def overview(request: PersonRequest) -> HttpResponse:
    """Everything that is administered, each with what waits there."""
    now = timezone.now()
    codes = _read_by(request.user, now)
    locks = _locks(request.user, now)
    tokens = _tokens(codes, now).count()
    unit = Unit.objects.filter(pk=codes[0]).first() if codes[0] else None
    context = {
        "title": _("Administration · %(unit)s") % {"unit": unit.name} if unit else _("Administration"),
        "groups": [
            (_("Places and people"), _places(unit, codes, now)),
            (_("Rules"), _rules(request.user, now)),
            (_("Accounts and record"), _record(len(locks), tokens)),
        ],
        "now": now,
    }
    return render(request, "governance/administration.html", context)


def _card(icon: str, label: str, text: str, url: str, count: int | None = None, urgent: bool = False) -> dict[str, Any]:
    return {"icon": icon, "label": label, "text": text, "url": url, "count": count, "urgent": urgent}


def _places(unit: Unit | None, codes: list[str], now: Any) -> list[dict[str, Any]]:
    own = reverse("grids:unit", args=[unit.pk]) if unit else reverse("grids:units")
    people = reverse("grids:people", args=[unit.pk]) if unit else reverse("grids:units")
    vacant = selectors.vacancies(codes, now).count()
    served = Post.objects.filter(within(codes, "unit"), period__contains=now).values("person").distinct().count()
    units = Unit.objects.filter(within(codes), retired_at__isnull=True).count()
    ends = PlannedEnd.objects.filter(within(codes, "unit"), state=EndState.PLANNED).count()
    open_plans = Plan.objects.filter(within(codes, "scope")).exclude(status__in=FINISHED).count()
    return [
        _card("sitemap", _("Units"), _("Create, rename, retire, succeed; who serves where."), own, units),
        _card("users", _("People and posts"), _("Appoint, relieve, change grids, give passwords."), people, served),
        _card("users-group", _("Ledger of the “N” forces"), _("Who helps in the grids, and where nobody answers."),
              reverse("grids:forces", args=[unit.pk]) if unit else reverse("grids:units")),
        _card("user-off", _("Vacant grids"), _("Grids without a primary officer."),
              reverse("grids:units") + "?vacant=1", vacant, vacant > 0),
        _card("history", _("Planned ends of units"), _("Which units end at a later moment, and who follows."),
              reverse("governance:planned_ends"), ends or None),
        _card("vector-spline", _("Grid division"), _("Redraw borders: plans, balance, proof, publication."),
              reverse("studio:plans"), open_plans),
    ]  # fmt: skip


def _rules(person: Person, now: Any) -> list[dict[str, Any]]:
    waiting = len(calendar_warnings.provisional_warning(now))
    cards = [
        _card("clock", _("Which limit applies"),
              _("For a category, urgency, stage and kind of unit: which rule wins and why."),
              reverse("governance:limits")),
        _card("calendar", _("Working calendar"), _("Work periods, holidays, make-up workdays, local days off."),
              reverse("governance:calendar"), waiting or None, waiting > 0),
    ]  # fmt: skip
    cards += [
        _card("speakerphone", _("Who is told"), _("Of which event which people hear, for which reason."),
              reverse("dispatch:audience")),
    ]  # fmt: skip
    if person.is_superuser or permissions.units_with_right(person, Right.ADMINISTER, now=timezone.now()):
        cards += [
            _card("robot", _("Robots of units"), _("Group chats that are told what concerns a unit."),
                  reverse("dispatch:robots")),
        ]  # fmt: skip
    if person.is_staff:
        cards += [
            _card("adjustments-horizontal", _("Time limits"), _("Set, replace and end limits."),
                  reverse("admin:incidents_timelimit_changelist")),
            _card("urgent", _("Escalation rules"), _("What yellow and red do, repeats, who is told of cards."),
                  reverse("admin:incidents_escalationrule_changelist")),
            _card("list-details", _("Categories"), _("Names, search words, own categories of a district."),
                  reverse("admin:incidents_category_changelist")),
            _card("settings", _("District profile"), _("Officers per grid, re-checks, suspensions."),
                  reverse("admin:grids_districtprofile_changelist")),
        ]  # fmt: skip
    return cards


def _record(locks: int, tokens: int) -> list[dict[str, Any]]:
    return [
        _card("activity", _("State of the house"),
              _("Whether lights, notices and messages keep up; what is late and why."), reverse("governance:watch")),
        _card("history", _("Audit list"), _("Who changed what, before and after; sign-ins."), reverse("grids:audit")),
        _card("lock", _("Locked accounts"), _("After too many wrong passwords; unlock here."),
              reverse("governance:accounts"), locks, locks > 0),
        _card("key", _("Tokens of programs"), _("Who lets programs act in their name."),
              reverse("governance:accounts") + "#tokens", tokens),
        _card("mail-off", _("Undelivered messages"), _("What did not get out, why, and sent again from here."),
              reverse("dispatch:deliveries")),
        _card("photo", _("Keys of walls"), _("Screens that show figures without anybody signed in."),
              reverse("governance:wall_keys")),
    ]  # fmt: skip


def _locks(person: Person, now: Any) -> list[lockouts.Lock]:
    """The locked accounts the person may unlock; addresses and names nobody has only for who keeps the house."""
    keeps = person.is_superuser or _keeps_a_district(person, now)
    return [
        lock
        for lock in lockouts.locks(now=now)
        if (accounts.may_manage(person, lock.person, now=now) if lock.person else keeps)
    ]


def _keeps_a_district(person: Person, now: Any) -> bool:
    return any(len(code) <= 6 for code in permissions.units_with_right(person, Right.ADMINISTER, now=now))


def _tokens(codes: list[str], now: Any) -> Any:
    found = AuthToken.objects.filter(expiry__gt=now).select_related("user").order_by("-created")
    if "" in codes:
        return found
    served = Post.objects.filter(within(codes, "unit"), period__contains=now).values("person")
    return found.filter(user__in=served)


@require_safe
@login_required
def accounts_page(request: PersonRequest) -> HttpResponse:
    """Who is locked, and which programs act for whom."""
    now = timezone.now()
    codes = _read_by(request.user, now)
    locks = _locks(request.user, now)
    tokens = [
        {"token": token, "may_end": accounts.may_manage(request.user, token.user, now=now)}
        for token in _tokens(codes, now)[:TOKENS_MOST]
    ]
    context = {"title": _("Locked accounts and tokens · %(count)d") % {"count": len(locks)}, "locks": locks,
               "tokens": tokens, "now": now}  # fmt: skip
    return render(request, "governance/accounts.html", context)


@require_POST
@login_required
def unlock(request: PersonRequest) -> HttpResponse:
    """Forget the failures of an account or of an address."""
    now = timezone.now()
    username, address = request.POST.get("username", ""), request.POST.get("address", "")
    lock = next((one for one in _locks(request.user, now) if (one.username, one.address) == (username, address)), None)
    if lock is None:
        raise Http404
    lockouts.unlock(
        username=lock.username, address=lock.address, actor=request.user, from_address=audit.address_of(request)
    )
    messages.success(request, _("Unlocked."))
    return redirect("governance:accounts")


@require_POST
@login_required
def end_token(request: PersonRequest, key: str) -> HttpResponse:
    """End a token: the program must be let in anew."""
    now = timezone.now()
    token = next(iter(_tokens(_read_by(request.user, now), now).filter(token_key=key)[:1]), None)
    if token is None or not accounts.may_manage(request.user, token.user, now=now):
        raise Http404
    token.delete()
    messages.success(request, _("The token has ended."))
    return redirect("governance:accounts")


@require_safe
@login_required
def limits(request: PersonRequest) -> HttpResponse:
    """Which limit and escalation rule apply to what: what wins, what it stands before, the table of a category."""
    now = timezone.now()
    codes = _read_by(request.user, now)
    districts = list(Unit.objects.filter(_districts(codes), kind=UnitKind.DISTRICT, retired_at__isnull=True))
    if not districts:
        raise Http404
    categories = list(Category.objects.filter(retired_at__isnull=True).select_related("parent"))
    case, stage = _case(request, districts, categories)
    table = limit_choice.matrix(case, at=now, of=TimeLimit)
    follows = limit_choice.matrix(case, at=now, of=EscalationRule)
    choice, consequence = table[stage, case.urgency], follows[stage, case.urgency]
    context = {
        "title": _("Which limit applies"),
        "districts": districts,
        "families": _families(categories),
        "case": case,
        "stage": stage,
        "stages": Stage.choices,
        "urgencies": Urgency.choices,
        "tiers": [(kind.value, kind.label) for kind in UnitKind if kind in DESK_KINDS],
        "choice": choice,
        "lines": [_line(one) for one in choice.candidates],
        "consequence": consequence,
        "consequences": [_consequence(one) for one in consequence.candidates],
        "table": _table(table, follows),
        "may_set": request.user.is_staff,
        "now": now,
    }
    return render(request, "governance/limits.html", context)


def _districts(codes: list[str]) -> Any:
    return within([code[:6] for code in codes])


def _case(request: PersonRequest, districts: list[Unit], categories: list[Category]) -> tuple[Case, Stage]:
    given = request.GET
    asked = given.get("category", "")
    own = {unit.pk for unit in districts}
    known = {str(category.pk) for category in categories}
    tiers = {kind.value for kind in DESK_KINDS}
    case = Case(
        district=given["district"] if given.get("district") in own else districts[0].pk,
        category=int(asked) if asked in known else None,
        urgency=given["urgency"] if given.get("urgency") in Urgency.values else Urgency.NORMAL.value,
        tier=given["tier"] if given.get("tier") in tiers else UnitKind.VILLAGE.value,
    )
    return case, Stage(given["stage"]) if given.get("stage") in Stage.values else Stage.HANDLE


def _families(categories: list[Category]) -> list[tuple[str, list[Category]]]:
    """The categories by the one above them, as the list goes."""
    found: dict[str, list[Category]] = {}
    parents = {category.parent_id for category in categories}
    for category in categories:
        name = category.parent.label if category.parent else category.label
        if category.parent or category.pk not in parents:
            found.setdefault(name, []).append(category)
        else:
            found.setdefault(name, []).insert(0, category)
    return list(found.items())


def _line(one: Candidate[TimeLimit]) -> dict[str, Any]:
    limit = one.rule
    return {"limit": limit, "words": limit_in_words(limit), "reasons": one.reasons, "basis": _basis(limit),
            "notes": rule_words.limit_notes(limit)}  # fmt: skip


def _consequence(one: Candidate[EscalationRule]) -> dict[str, Any]:
    rule = one.rule
    return {"rule": rule, "words": rule_words.on_red(rule), "reasons": one.reasons, "basis": _basis(rule),
            "notes": rule_words.rule_notes(rule)}  # fmt: skip


def _basis(rule: TimeLimit | EscalationRule) -> str:
    return _(rule.basis) if rule.basis else ""


def _table(table: Matrix[TimeLimit], follows: Matrix[EscalationRule]) -> list[dict[str, Any]]:
    """A row per stage, a cell per urgency: the limit, and what red does."""
    return [
        {"stage": stage, "cells": [_cell(one, table[stage, one.value], follows[stage, one.value]) for one in Urgency]}
        for stage in Stage
    ]


def _cell(urgency: Urgency, choice: Choice[TimeLimit], follows: Choice[EscalationRule]) -> dict[str, Any]:
    return {
        "urgency": urgency.value,
        "words": limit_in_words(choice.winner) if choice.winner else "",
        "on_red": rule_words.in_short(follows.winner) if follows.winner else "",
        "rivals": bool(choice.rivals or follows.rivals),
    }
