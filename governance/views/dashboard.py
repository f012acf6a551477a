"""The dashboard: what the viewer's own ground looks like now, and how it went in the chosen days."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.dashboard import boards, flow, grounds, keeping, spans
from governance.dashboard.boards import Board
from governance.dashboard.figures import LIGHT_ORDER, Line, list_url
from governance.dashboard.firsts import SOLVING_TIERS
from governance.dashboard.grounds import Ground
from governance.dashboard.spans import Span
from governance.dashboard.strip import LABELS
from governance.wall import keys
from grids.requests import PersonRequest

BODY = grounds.BODY
# The templates that show figures.
PARTS = ("at", "emergencies", "strip", "urgent", "tables", "past")


@require_safe
@login_required
def overview(request: PersonRequest) -> HttpResponse:
    """The page; or with `live` its figures alone, 304 while nothing happened in this minute."""
    now = timezone.now()
    if "live" not in request.GET:
        return render(request, "dashboard/overview.html", _context(request, now))
    etag = quote_etag(f"{request.user.pk}-{request.GET.urlencode()}-{get_language()}-{boards.fingerprint(now)}")
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "dashboard/_live.html", _context(request, now))
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _context(request: PersonRequest, now: datetime) -> dict[str, Any]:
    ground = grounds.ground_for(request.user, request.GET, now=now)
    if ground is None:
        raise Http404
    drawn = keeping.until_something_happens("dashboard", ground, lambda: _draw(ground, now), now=now)
    name = ground.unit.name if ground.unit else _("My units")
    address = reverse("governance:dashboard")
    return {
        "title": _("%(unit)s · open %(count)d") % {"unit": name, "count": drawn["open"]},
        "drawn": drawn,
        "address": address,
        "ground": ground,
        "under": ground.under,
        "under_listed": ground.under in {unit.pk for unit in ground.choices},
        "spans": _span_chips(ground, address),
        "span_words": span_words(ground.span),
        "kept": ground.pairs(span=Span.parsed({}, now=now)),
        "today": timezone.localtime(now).date(),
        "live_url": f"{address}?{urlencode({'live': '1', **ground.pairs()})}",
        "wall_url": f"{reverse('governance:wall')}{'?' + urlencode({'under': ground.under}) if ground.under else ''}",
        "may_key": keys.may_make_some(request.user, now=now),
        "by_grid_url": f"{reverse('governance:by_grid')}?{ground.query(category=None)}",
        "areas_url": areas_url(ground),
        "marks_url": f"{reverse('incidents:marks')}?{ground.base.query()}",
        "narrow_url": f"{address}?{ground.query(under='CODE')}",
        "open_url": list_url(ground.base.but(under="CODE")),
    }


def _draw(ground: Ground, now: datetime) -> dict[str, Any]:
    """The parts of the page that show figures. Nothing in here may hang on who looks: no request, no person."""
    board = boards.board(ground, now=now)
    context = {
        "board": board,
        "stats": stats(board),
        "tables": _tables(board),
        "flow_totals": [(act.value, act.label, board.flow.totals[act]) for act in flow.ACTS],
        "solved_whole": board.solved[0],
        "solving_tiers": [tier.label for tier in SOLVING_TIERS],
        "now": now,
    }
    parts: dict[str, Any] = {name: render_to_string(f"dashboard/_{name}.html", context) for name in PARTS}
    return parts | {
        "open": board.strip["open"].number,
        "categories": [(category.pk, category.label) for category in board.categories],
        "loads": json.dumps(board.loads, separators=(",", ":")),
        "flow_chart": json.dumps(flow_chart(board.flow, now), ensure_ascii=False, separators=(",", ":")),
    }


def areas_url(ground: Ground) -> str:
    """Outlines of the ground; of the whole district for a body and for several units."""
    address = reverse("grids:boundaries")
    scope = ground.unit.pk if ground.unit and BODY not in ground.unit.pk else ""
    return f"{address}?{urlencode({'scope': scope})}" if scope else address


def stats(board: Board) -> list[dict[str, Any]]:
    """The five figures of the strip with their words."""
    return [
        {
            "id": f"stat-{name}",
            "label": label,
            "light": light,
            "figure": board.strip[name].number,
            "url": list_url(filters) if (filters := board.strip[name].filters) else "",
            "was": _("yesterday at this hour %(count)d") % {"count": board.strip[name].before or 0},
        }
        for name, (label, light) in LABELS.items()
    ]


def span_words(span: Span) -> str:
    """The span in words: by its name, or by its days."""
    if span.key != spans.CUSTOM:
        return str(spans.LABELS[span.key])
    return f"{span.first:%m-%d}" if span.is_one_day else f"{span.first:%m-%d} – {span.last:%m-%d}"


def flow_chart(shown: flow.Flow, now: datetime) -> dict[str, Any]:
    """What the chart draws: words of the steps, and a line of numbers per act up to now."""
    form = "%H:%M" if shown.is_one_day else "%m-%d"
    return {
        "steps": [timezone.localtime(step.start).strftime(form) for step in shown.steps],
        "lines": [
            {
                "key": act.value,
                "name": str(act.label),
                "numbers": [None if step.is_ahead else step.figures[act].number for step in shown.steps],
            }
            for act in flow.ACTS
        ],
    }


def _span_chips(ground: Ground, address: str) -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {
            "label": spans.LABELS[key],
            "url": f"{address}?{query}#span"
            if (query := ground.query(span=Span.parsed({"span": key}, now=now)))
            else f"{address}#span",
            "on": ground.span.key == key,
            "fixed": True,
        }
        for key in spans.DAYS
    ]


def _tables(board: Board) -> list[dict[str, Any]]:
    """The three tables, each with the lights that occur in it as its columns."""
    places = {"town": _("By town"), "village": _("By village or community")}.get(board.ground.level, _("By grid"))
    named = (
        ("places", places, _("Place"), board.places),
        ("tiers", _("By tier that has it now"), _("Tier"), board.tiers),
        ("departments", _("By department"), _("Department"), board.departments),
    )
    return [
        {"id": key, "heading": heading, "first": first, "rows": _rows(lines), "columns": _columns(lines)}
        for key, heading, first, lines in named
        if lines or key != "departments"
    ]


def _rows(lines: list[Line]) -> list[dict[str, Any]]:
    columns = _columns(lines)
    return [{"line": line, "cells": [(light, line.lights.get(light)) for light in columns]} for line in lines]


def _columns(lines: list[Line]) -> list[str]:
    return [light for light in LIGHT_ORDER if any(light in line.lights for line in lines)]
