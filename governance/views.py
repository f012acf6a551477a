"""The dashboard: what the viewer's own ground looks like now."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import dashboard
from governance.dashboard import Board, Ground
from grids.requests import PersonRequest


@require_safe
@login_required
def overview(request: PersonRequest) -> HttpResponse:
    """The page; or with `live` its figures alone, 304 while nothing happened in this minute."""
    now = timezone.now()
    ground = dashboard.ground_for(request.user, request.GET.get("under", ""), now=now)
    if ground is None:
        raise Http404
    if "live" not in request.GET:
        return render(request, "dashboard/overview.html", _context(request, ground, now))
    etag = f'"{request.user.pk}-{ground.base.query()}-{get_language()}-{dashboard.fingerprint(now)}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "dashboard/_live.html", _context(request, ground, now))
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _context(request: PersonRequest, ground: Ground, now: Any) -> dict[str, Any]:
    board = dashboard.board(request.user, ground, now=now)
    name = ground.unit.name if ground.unit else _("My units")
    address = reverse("governance:dashboard")
    under = ground.base.under if ground.base.under != ground.home else ""
    return {
        "title": _("%(unit)s · open %(count)d") % {"unit": name, "count": board.strip["open"].number},
        "board": board,
        "stats": _stats(board),
        "chips": _chips(ground, under, address),
        "live_url": f"{address}?live=1" + (f"&under={under}" if under else ""),
        "areas_url": _areas_url(ground),
        "marks_url": f"{reverse('incidents:marks')}?{ground.base.query()}",
        "tables": _tables(board),
        "now": now,
    }


def _areas_url(ground: Ground) -> str:
    """Outlines of the ground, down to its rows' level; of the whole district for a body."""
    address = reverse("grids:boundaries")
    scope = ground.unit.pk if ground.unit and "D" not in ground.unit.pk else ""
    kinds = {"town": "district,town", "village": "town,village"}.get(ground.level, "village,grid") if scope else ""
    kinds = kinds or "district,town"
    return f"{address}?scope={scope}&kinds={kinds}" if scope else f"{address}?kinds={kinds}"


def _stats(board: Board) -> list[dict[str, Any]]:
    labels = {
        "reported": (_("Reported today"), ""),
        "open": (_("Open incidents"), ""),
        "yellow": (_("Yellow lights"), "yellow"),
        "red": (_("Red lights"), "red"),
        "closed": (_("Closed today"), ""),
    }
    return [
        {
            "id": f"stat-{name}",
            "label": label,
            "light": light,
            "figure": board.strip[name].number,
            "url": dashboard.list_url(filters) if (filters := board.strip[name].filters) else "",
            "was": _("yesterday at this hour %(count)d") % {"count": board.strip[name].before or 0},
        }
        for name, (label, light) in labels.items()
    ]


def _chips(ground: Ground, under: str, address: str) -> list[dict[str, Any]]:
    if not ground.choices:
        return []
    everything = {"label": _("All"), "url": address, "on": not under}
    return [everything] + [
        {
            "label": unit.label,
            "url": address if unit.pk == under else f"{address}?under={unit.pk}",
            "on": unit.pk == under,
        }
        for unit in ground.choices
    ]


def _tables(board: Board) -> list[dict[str, Any]]:
    """The three tables, each with the lights that occur in it as its columns."""
    places = {"town": _("By town"), "village": _("By village or community")}.get(board.ground.level, _("By grid"))
    named = (("places", places, board.places), ("tiers", _("By tier that has it now"), board.tiers),
             ("departments", _("By department"), board.departments))  # fmt: skip
    return [
        {"id": key, "heading": heading, "rows": _rows(lines), "columns": _columns(lines)}
        for key, heading, lines in named
        if lines or key != "departments"
    ]


def _rows(lines: list[dashboard.Line]) -> list[dict[str, Any]]:
    columns = _columns(lines)
    return [{"line": line, "cells": [(light, line.lights.get(light)) for light in columns]} for line in lines]


def _columns(lines: list[dashboard.Line]) -> list[str]:
    return [light for light in dashboard.LIGHT_ORDER if any(light in line.lights for line in lines)]
