"""The kit of parts on one page, with invented long names. Only in DEBUG: see governance/urls.py."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.frame import Item

HOUR = 3600


@dataclass
class SampleClock:
    light: str
    due_at: datetime | None = None
    remaining: int | None = None
    remaining_is_working: bool = False


class SampleForm(forms.Form):
    reason = forms.CharField(label="退回理由", widget=forms.Textarea(attrs={"rows": 3}), help_text="对方会原样看到。")
    unit = forms.ChoiceField(label="承办部门", choices=[("1", "乐山市沙湾区综合行政执法局"), ("2", "沙湾区水务局")])
    urgent = forms.BooleanField(label="特急", required=False)


def clocks(now: datetime) -> dict[str, SampleClock]:
    return {
        "unlit": SampleClock("unlit", now + timedelta(hours=26), 11 * HOUR + 1200, True),
        "yellow": SampleClock("yellow", now + timedelta(minutes=80), HOUR + 1200, True),
        "red": SampleClock("red", now - timedelta(hours=3), -(3 * HOUR + 1260), False),
        "green": SampleClock("green", now - timedelta(days=2)),
        "suspended": SampleClock("suspended", now + timedelta(days=9)),
        "paused": SampleClock("paused", now + timedelta(days=3), 18 * HOUR, True),
        "none": SampleClock("none"),
    }


TITLES = (
    ("铜河社区三组路口化粪池盖板破损，污水外溢至人行道，已有两位老人滑倒，需尽快围挡并更换盖板", "市容环境 / 道路破损"),
    ("占道经营", "街面秩序 / 无照经营游商"),
    ("沫江煤电公司家属区 12 栋二单元楼道堆放电动自行车及充电线路私拉乱接", "消防安全 / 电动车违规充电"),
    ("Illegal dumping of construction waste beside the provincial road at kilometre 42+300", "Environment / Waste"),
)


def rows(now: datetime, count: int) -> list[dict[str, Any]]:
    order = ("red", "red", "yellow", "yellow", "unlit", "unlit", "paused", "suspended")
    samples = clocks(now)
    result = []
    for index in range(count):
        title, category = TITLES[index % len(TITLES)]
        result.append(
            {
                "number": f"511111202611{index:07d}",
                "title": title,
                "category": category,
                "place": "沙湾镇 · 铜河社区 · 003 网格（铜茨大道南段东侧）",
                "origin": "铜河社区",
                "holder": "沙湾镇便民服务和智慧蓉城运行中心",
                "arrived": now - timedelta(hours=7 * index),
                "clock": samples[order[min(index, len(order) - 1)]],
                "act": ("受理", "派遣", "核查", "签收")[index % 4],
            }
        )
    return result


def steps(now: datetime) -> list[dict[str, Any]]:
    return [
        {"icon": "check", "act": "受理", "who": "王测试 · 沙湾镇网格服务中心 · 受理员", "at": now, "now": True,
         "words": "已电话联系环卫所，先行围挡。", "held": 45 * 60, "light": "unlit"},
        {"icon": "arrow-up", "act": "上报至沙湾镇网格服务中心", "who": "系统", "at": now - timedelta(hours=5),
         "words": "受理超过办理时限，自动上报一级。", "held": 6 * HOUR, "light": "red"},
        {"icon": "arrow-down", "act": "退回铜河社区", "who": "李示例 · 沙湾镇网格服务中心 · 受理员",
         "at": now - timedelta(days=1, hours=3), "words": "属社区职责清单。", "held": 3 * HOUR, "light": "green"},
        {"icon": "message-report", "act": "上报", "who": "赵样例 · 003 网格 · 网格员", "at": now - timedelta(days=6),
         "words": "盖板断成两截，味道很大。\n附近是幼儿园。", "held": 900, "light": "green"},
    ]  # fmt: skip


def sample_frame() -> dict[str, Any]:
    """A rail with everything on it, whatever is built and whoever looks."""
    rail = [
        Item("todo", _("My to-do"), "checklist", "#todo", "todo"),
        Item("incidents", _("Incidents"), "layout-list", "#incidents", current=True),
        Item("map", _("One map"), "map-2", "#map"),
        Item("units", _("Grids and people"), "users-group", "#units"),
        Item("supervision", _("Supervision"), "gavel", "#supervision"),
        Item("statistics", _("Statistics"), "chart-bar", "#statistics"),
        Item("administration", _("Admin"), "settings", "#administration"),
    ]
    bar = [
        Item("today", _("Today"), "sun", "#today", current=True),
        Item("report", _("Report"), "plus", "#report", main=True),
        Item("mine", _("Mine"), "user-circle", "#mine"),
        Item("inbox", _("Messages"), "bell", "#inbox", "inbox"),
    ]
    return {
        "unit_name": "乐山市沙湾区沙湾镇网格服务中心", "rail": rail, "bar": bar, "menu": rail,
        "report_url": "#report", "inbox_url": "#inbox", "search_url": "#search", "badges_url": "/styleguide/badges/",
        "duty_names": "沙湾镇 受理员 · 铜河社区 负责人",
    }  # fmt: skip


def styleguide(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = SampleForm({"reason": "", "unit": "1"}) if "fault" in request.GET else SampleForm()
    if "say" in request.GET:
        messages.success(request, "已受理，须在 11-24 周二 16:00 前办结。")
        messages.error(request, "该事件刚被沙湾镇受理，请刷新后再看。")
    count = int(request.GET.get("rows", 6))
    context = {
        "title": "沙湾镇 · 待受理",
        "frame": sample_frame(),
        "clocks": clocks(now),
        "rows": rows(now, count),
        "steps": steps(now),
        "form": form,
        "now": now,
        "moments": [
            now,
            now - timedelta(days=1),
            now + timedelta(days=1),
            now - timedelta(days=5),
            now - timedelta(days=500),
        ],
        "spans": [40, 25 * 60, 2 * HOUR + 300, 3 * 86400 + 4 * HOUR],
        "working_spans": [25 * 60, HOUR + 1200, 19 * HOUR],
        "bar": {"red": 3, "yellow": 5, "unlit": 41, "green": 12, "suspended": 2},
        "chips": [
            {"label": "", "light": "red", "url": "?light=red", "on": True, "count": 3},
            {"label": "", "light": "yellow", "url": "?light=yellow", "on": False, "count": 5},
            {"label": "市容环境", "url": "?category=1", "on": False, "count": 12},
            {"label": "今天到期", "url": "?due=today", "on": False, "count": 0},
        ],
        "tabs": [("待受理", 12, True), ("办理中", 41, False), ("待核查", 3, False), ("被退回", 0, False)],
        "tiles": [
            {"value": "1", "label": "暴露垃圾", "icon": "trash"},
            {"value": "2", "label": "道路破损", "icon": "route"},
            {"value": "3", "label": "矛盾纠纷", "icon": "users"},
            {"value": "4", "label": "消防通道堵塞", "icon": "alert-triangle"},
            {"value": "5", "label": "井盖缺失或破损", "icon": "tool"},
            {"value": "6", "label": "独居老人走访", "icon": "home"},
        ],
    }
    return render(request, "styleguide.html", context)


def live_rows(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "_styleguide_rows.html", {"rows": rows(now, int(request.GET.get("rows", 6)))})


def badges(request: HttpRequest) -> HttpResponse:
    return render(request, "_badges.html", {"counts": {"todo": 12, "inbox": 128}})


def work(request: HttpRequest) -> HttpResponse:
    """Long work at its end."""
    context = {
        "id": "work-1",
        "label": "已导入网格",
        "done": 204,
        "total": 204,
        "finished": True,
        "result": "204 个网格",
    }
    return render(request, "_progress.html", context)


def fault(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=int(request.GET.get("status", 500)))


def areas(request: HttpRequest) -> JsonResponse:
    """A made-up district of squares with bent sides, for looking at the map."""
    return JsonResponse({"type": "FeatureCollection", "synthetic": True, "features": list(_features())})


def _features() -> Any:
    west, south, step = 103.40, 29.30, 0.02

    def corner(i: int, j: int) -> list[float]:
        return [
            west + i * step + ((i * 7 + j * 13) % 5 - 2) * 0.0016,
            south + j * step + ((i * 11 + j * 5) % 5 - 2) * 0.0014,
        ]

    def box(i: int, j: int, size: int) -> list[list[float]]:
        edge = [corner(i + k, j) for k in range(size)] + [corner(i + size, j + k) for k in range(size)]
        edge += [corner(i + size - k, j + size) for k in range(size)] + [corner(i, j + size - k) for k in range(size)]
        return [*edge, edge[0]]

    names = ("沙湾镇", "嘉农镇", "太平镇", "福禄镇", "牛石镇", "龚嘴镇", "葫芦镇", "踏水镇", "轸溪镇")

    def feature(kind: str, code: str, name: str, ring: list[list[float]]) -> dict[str, Any]:
        return {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"kind": kind, "code": code, "name": name, "synthetic": True, "url": f"#{code}"},
        }

    yield feature("district", "511111", "沙湾区", box(0, 0, 12))
    for t in range(9):
        x, y = (t % 3) * 4, (t // 3) * 4
        yield feature("town", f"5111111{t:02d}", names[t], box(x, y, 4))
        for v in range(4):
            vx, vy = x + (v % 2) * 2, y + (v // 2) * 2
            yield feature("village", f"5111111{t:02d}2{v:02d}", f"示例{t}{v}村", box(vx, vy, 2))
            for g in range(4):
                gx, gy = vx + g % 2, vy + g // 2
                yield feature("grid", f"5111111{t:02d}2{v:02d}{g:03d}", f"{g + 1:03d} 网格", box(gx, gy, 1))


def marks(request: HttpRequest) -> JsonResponse:
    lights = ("red", "yellow", "unlit", "unlit", "unlit")
    points = []
    for n in range(60):
        lon, lat = 103.42 + (n * 37 % 100) * 0.002, 29.32 + (n * 61 % 100) * 0.002
        points.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {
                    "number": f"5111112026112{n:05d}",
                    "title": TITLES[n % 4][0],
                    "light": lights[n % 5],
                    "url": "#",
                },
            }
        )
    return JsonResponse({"type": "FeatureCollection", "features": points})


urlpatterns = [
    path("styleguide/", styleguide, name="styleguide"),
    path("styleguide/rows/", live_rows, name="styleguide_rows"),
    path("styleguide/badges/", badges),
    path("styleguide/slow/", work, name="styleguide_work"),
    path("styleguide/fault/", fault, name="styleguide_fault"),
    path("styleguide/areas.json", areas, name="styleguide_areas"),
    path("styleguide/marks.json", marks, name="styleguide_marks"),
]
