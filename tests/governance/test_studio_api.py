"""The studio's addresses: the plan as JSON, edits over HTTP, refusals as problem details, pages and their forms."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grids import approvals, coverage, draft_rows, drafts, lattice
from grids.draft_rows import shapes_of
from grids.drafts import Wish
from grids.models import Person, Plan, PlanStatus, Unit
from tests.cast import Cast
from tests.governance.drawing import Drawing
from tests.grids.drafting import SIDE, SOUTH, WEST, Pen, begin, field, frame, settle
from tests.incidents.story import Story


class Desk:
    """Somebody at the drawing page, on one revision until told otherwise."""

    def __init__(self, client: Client, plan: Plan, person: Person) -> None:
        self.client, self.plan = client, plan
        client.force_login(person)
        self.revision = self.get("state")["revision"]

    def get(self, name: str, **query: str) -> dict[str, Any]:
        answer = self.client.get(reverse(f"studio:{name}", args=[self.plan.pk]), query)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def post(self, name: str, body: Any) -> Any:
        return self.client.post(
            reverse(f"studio:{name}", args=[self.plan.pk]), json.dumps(body), content_type="application/json"
        )

    def edit(self, kind: str, status: int = 200, **args: Any) -> dict[str, Any]:
        body = {
            "revision": self.revision,
            "kind": kind,
            "args": {name.rstrip("_"): value for name, value in args.items()},
        }
        answer = self.post("operate", body)
        assert answer.status_code == status, answer.content
        found: dict[str, Any] = answer.json()
        if status == 200:
            self.revision = found["revision"]
        return found


@pytest.fixture
def plan(cast: Cast) -> Plan:
    return begin(cast, field(5, 4), frame(5, 4), target_households=10)


@pytest.fixture
def desk(cast: Cast, client: Client, plan: Plan) -> Desk:
    return Desk(client, plan, cast.administrator)


def across(key: int) -> list[list[float]]:
    column, row = (key - 1) % 5, (key - 1) // 5
    y = SOUTH + SIDE * (row + 0.5)
    return [[WEST + SIDE * (column - 0.3), y], [WEST + SIDE * (column + 1.3), y + SIDE / 10]]


def test_the_state_holds_everything_the_page_draws(cast: Cast, desk: Desk) -> None:
    state = desk.get("state")
    assert state["may"] == {"edit": True, "prove": True, "approve": False, "publish": False}
    assert (state["status"], state["hold"], state["target"], state["tolerance"]) == ("draft", None, 10, 20)
    assert state["scope"] == {"code": cast.town.pk, "name": "沙湾镇", "kind": "town"}
    assert [village["code"] for village in state["villages"]] == [cast.village.pk, cast.sibling_village.pk]
    area = state["areas"][0]
    assert area["key"] == 1 and area["code"] is None and area["parts"] == 1 and area["officer"] is None
    assert area["coords"][0][0][0] == area["coords"][0][0][-1] and len(area["coords"][0][0]) == 5
    assert all(round(number, 7) == number for ring in area["coords"][0] for point in ring for number in point)
    assert state["totals"]["areas"] == 20 and state["steps"] == {"undo": None, "redo": None}


def test_edits_over_http_keep_the_proof_and_answer_only_what_changed(desk: Desk, plan: Plan) -> None:
    before = Pen(plan, desk.plan.created_by, timezone.now()).picture()  # type: ignore[arg-type]
    cut = desk.edit("split", key=7, line=across(7))
    pieces = [area["key"] for area in cut["changed"] if area["key"] > 20]
    assert cut["removed"] == [7] and len(pieces) == 2 and len(cut["changed"]) <= 4
    assert cut["steps"]["undo"] and cut["can_undo"] and not cut["can_redo"]
    joined = desk.edit("merge", keys=pieces, into=pieces[0])
    assert [area["key"] for area in joined["changed"]] == [pieces[0]] and joined["removed"] == [pieces[1]]
    corner = [WEST + SIDE * 2, SOUTH + SIDE * 2]
    desk.edit("move", at=corner, to=[corner[0] + SIDE / 5, corner[1] + SIDE / 7])
    wedge = [[WEST, SOUTH + SIDE * 2.2], [WEST + SIDE / 2, SOUTH + SIDE * 2.4], [WEST, SOUTH + SIDE * 2.6]]
    desk.edit("carve", polygon=wedge)
    desk.edit("officer", key=1, person=None, vacant_reason="拆迁")
    stored = Plan.objects.get(pk=plan.pk)
    assert coverage.prove_twice(shapes_of(draft_rows.read(plan.pk)), lattice.from_db(stored.frame)).holds
    for _step in range(5):
        undone = desk.edit("undo")
    assert undone["can_redo"] and not undone["can_undo"]
    assert Pen(plan, desk.plan.created_by, timezone.now()).picture() == before  # type: ignore[arg-type]
    log = desk.get("log")
    assert [step["kind"] for step in log["steps"]][:5] == ["undo"] * 5 and len(log["steps"]) == 11 and not log["more"]
    assert desk.get("log", before="2")["steps"][0]["kind"] == "begin_from"


def test_open_incidents_are_counted_where_they_lie(story: Story, client: Client) -> None:
    story.report()
    plan = drafts.begin(scope=story.cast.town, wish=Wish("重划"), actor=story.cast.administrator, now=story.now)
    desk = Desk(client, plan, story.cast.administrator)
    assert [area["open"] for area in desk.get("state")["areas"]] == [1, 0, 0, 0]
    merged = desk.edit("merge", keys=[1, 2], into=2)
    assert merged["changed"][0]["open"] == 1


def test_a_stale_edit_and_a_held_plan_are_conflicts_that_say_why(cast: Cast, desk: Desk) -> None:
    old = desk.revision
    desk.edit("merge", keys=[1, 2], into=1)
    fresh, desk.revision = desk.revision, old
    stale = desk.edit("merge", 409, keys=[3, 4], into=3)
    assert stale["code"] == "stale" and stale["revision"] == fresh and stale["since"][0]["by"] == "丁九"
    # By this the page knows its own edit again when only the answer was lost.
    assert stale["since"][0]["kind"] == "merge" and stale["since"][0]["mine"]
    keeper = Person.objects.create_superuser("keeper", "x", full_name="管理")
    other = Desk(Client(), desk.plan, keeper)
    held = other.edit("merge", 409, keys=[3, 4], into=3)
    assert held["code"] == "held" and held["hold"]["by"] == "丁九" and not held["hold"]["mine"]
    assert other.post("hold", {}).json()["code"] == "held"
    taken = other.post("hold", {"take": True}).json()
    assert taken["hold"]["mine"] and taken["revision"] == fresh + 1
    # The one who lost it is told, and nothing that was drawn is lost.
    assert Desk(desk.client, desk.plan, cast.administrator).get("standing")["hold"]["by"] == "管理"
    desk.revision = fresh
    assert desk.edit("undo", 409)["code"] == "held"
    assert other.post("release", {}).json()["hold"] is None
    desk.edit("undo")


def test_an_open_page_learns_how_the_plan_stands_by_a_small_question(cast: Cast, desk: Desk) -> None:
    desk.edit("merge", keys=[1, 2], into=1)
    told = desk.get("standing")
    assert told["revision"] == desk.revision and told["hold"]["mine"] and told["may"]["edit"] and not told["stale"]
    assert {name: desk.get("state")[name] for name in told} == told
    address = reverse("studio:standing", args=[desk.plan.pk])
    with CaptureQueriesContext(connection) as asked:
        answer = desk.client.get(address)
    assert len(answer.content) < 400 and len(asked) <= 10
    desk.client.force_login(cast.town_head)
    told = desk.get("standing")
    assert not told["may"]["edit"] and not told["hold"]["mine"]


def test_many_grids_are_left_vacant_for_one_reason_in_one_step(cast: Cast, desk: Desk) -> None:
    desk.edit("officer", key=3, person=cast.officer.pk)
    desk.edit("officer", 422, keys=[1, 2, 3], vacant_reason=" ")
    left = desk.edit("officer", keys=[1, 2, 3], vacant_reason="待招聘")
    assert {area["key"]: area["vacant_reason"] for area in left["changed"]} == {1: "待招聘", 2: "待招聘"}
    assert "待招聘" in left["step"]["words"]
    back = desk.edit("undo")
    assert {area["vacant_reason"] for area in back["changed"]} == {""}


@pytest.mark.parametrize(
    ("kind", "args", "code"),
    [
        ("split", {"key": 7, "line": [[0, 0]]}, "bad_arguments"),
        ("split", {"key": 7, "line": [[WEST, "x"], [WEST, SOUTH]]}, "bad_arguments"),
        ("split", {"key": 7, "line": [[WEST, float("nan")], [WEST, SOUTH]]}, "bad_arguments"),
        ("split", {"key": 7, "line": [[0, 0], [1, 1]]}, "line_misses"),
        ("split", {"key": 99, "line": [[0, 0], [1, 1]]}, "no_area"),
        ("merge", {"keys": [1, 3], "into": 1}, "not_neighbours"),
        ("move", {"at": [WEST, SOUTH], "to": [WEST + SIDE, SOUTH]}, "frame_fixed"),
        ("assign", {"at": [WEST + SIDE / 2, SOUTH + SIDE / 2], "to": 1}, "no_pocket"),
        ("carve", {"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]], "to": None}, "crosses"),
        ("paint", {"dwellings": [1], "to": 1}, "nothing"),
        ("repair", {"fault": "x", "how": "give", "to": 1}, "no_fault"),
        ("officer", {"key": 1, "person": 999999999}, "nobody"),
        ("propose", {"proposal": 1}, "no_proposal"),
        ("explode", {}, "bad_arguments"),
        ("undo", {}, "nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(desk: Desk, kind: str, args: dict[str, Any], code: str) -> None:
    refused = desk.edit(kind, 422, **args)
    assert refused["code"] == code and refused["detail"] and desk.get("state")["revision"] == desk.revision


@pytest.mark.parametrize("body", ["", "[]", "{", '{"revision": "1", "kind": "undo"}', '{"revision": true, "kind": 1}'])
def test_what_cannot_be_read_is_refused(desk: Desk, body: str) -> None:
    answer = desk.client.post(reverse("studio:operate", args=[desk.plan.pk]), body, content_type="application/json")
    assert answer.status_code == 422 and answer["Content-Type"].startswith("application/problem+json")


def test_what_the_log_could_not_keep_is_refused(desk: Desk) -> None:
    for value in (r'"\u0000"', r'"\ud800"', "NaN", "[1e999]"):
        body = (
            f'{{"revision": {desk.revision}, "kind": "merge", "args": {{"keys": [1, 2], "into": 1, "more": {value}}}}}'
        )
        answer = desk.client.post(reverse("studio:operate", args=[desk.plan.pk]), body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_arguments"), value
    # A digit, and yet no number.
    log, compare = (reverse(f"studio:{name}", args=[desk.plan.pk]) for name in ("log", "compare"))
    assert [desk.client.get(log, {"before": "²"}).status_code, desk.client.get(compare, {"with": "²"}).status_code] == [
        422, 404,
    ]  # fmt: skip


def test_an_edit_asks_the_database_few_questions_however_large_the_plan(desk: Desk) -> None:
    desk.edit("split", key=7, line=across(7))
    with CaptureQueriesContext(connection) as asked:
        desk.edit("split", key=9, line=across(9))
    assert len(asked) <= 19


def test_faults_balance_ground_and_people_are_told(cast: Cast, client: Client) -> None:
    settle(cast, [(WEST + SIDE / 2, SOUTH + SIDE / 2)], households=13)
    desk = Desk(client, begin(cast, field(3, 1), frame(4, 1), target_households=10), cast.administrator)
    told = desk.get("faults")
    assert told["counts"] == {"missing": 4, "officer": 3, "pocket": 1}
    pocket = next(fault for fault in told["faults"] if fault["kind"] == "pocket")
    assert pocket["repairs"][0]["to"] == 3 and pocket["coords"]
    desk.edit("repair", fault=pocket["id"], how=pocket["repairs"][0]["how"], to=3)
    balance = desk.get("balance")
    assert balance["totals"]["households"] == 13 and [row["outside"] for row in balance["rows"]] == [True] * 3
    box = f"{WEST},{SOUTH},{WEST + SIDE},{SOUTH + SIDE}"
    assert desk.get("ground", bbox=box)["dwellings"][0][1:] == [WEST + SIDE / 2, SOUTH + SIDE / 2, 13]
    settle(cast, [(WEST - SIDE / 2, SOUTH + SIDE / 2)])
    wider = f"{WEST - SIDE},{SOUTH},{WEST + SIDE},{SOUTH + SIDE}"
    assert len(desk.get("ground", bbox=wider)["dwellings"]) == 1, "who lives next door is not this plan's to tell"
    assert [cell["key"] for cell in desk.get("cells", bbox=box)["cells"]] == [1]
    assert desk.get("officers", q="甲一")["people"][0]["id"] == cast.officer.pk
    for name, query in (("ground", "bbox=1,2"), ("log", "before=x"), ("cells", "")):
        address = reverse(f"studio:{name}", args=[desk.plan.pk])
        assert desk.client.get(f"{address}?{query}").status_code == 422


def test_a_large_answer_travels_compressed(cast: Cast, client: Client) -> None:
    desk = Desk(client, begin(cast, field(20, 10), frame(20, 10)), cast.administrator)
    address = reverse("studio:state", args=[desk.plan.pk])
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert len(json.loads(gzip.decompress(answer.content))["areas"]) == 200
    assert answer["Content-Encoding"] == "gzip" and len(answer.content) < 20_000


def test_a_plan_goes_from_draft_to_approved_on_its_page(cast: Cast, client: Client) -> None:
    now = timezone.now()
    plan = drafts.begin(scope=cast.town, wish=Wish("均衡户数"), actor=cast.administrator, now=now)
    desk = Desk(client, plan, cast.administrator)
    desk.edit("describe", key=1, name="一号")
    proven = desk.post("prove", {}).json()
    assert proven["ok"] and proven["status"] == "proven" and proven["certificate"]["grids"] == 4
    page = reverse("studio:plan", args=[plan.pk])
    assert "approve" not in client.get(page).context["forms"], "who drew last does not approve"
    client.force_login(cast.town_head)
    assert "approve" in client.get(page).context["forms"]
    approve = reverse("studio:approve", args=[plan.pk])
    assert client.post(approve, {"reason": ""}).status_code == 422
    past = (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(approve, {"reason": "好", "publish_at": past}).status_code == 422
    assert client.post(approve, {"reason": "同意"}).status_code == 302
    plan.refresh_from_db()
    assert (plan.status, plan.approved_by) == (PlanStatus.APPROVED, cast.town_head)
    assert client.post(reverse("studio:take_back", args=[plan.pk]), {"note": "再看看"}).status_code == 302
    plan.refresh_from_db()
    assert plan.status == PlanStatus.DRAFT


def test_plans_are_begun_set_copied_and_discarded_on_pages(cast: Cast, client: Client) -> None:
    client.force_login(cast.administrator)
    begin_url = reverse("studio:begin")
    given = {"scope": cast.village.pk, "title": "南陵重划", "target_households": 350, "tolerance_percent": 20}
    assert client.get(begin_url, {"scope": cast.village.pk}).status_code == 200
    assert client.post(begin_url, given | {"scope": "999"}).status_code == 422
    assert client.post(begin_url, given).status_code == 302
    plan = Plan.objects.get(title="南陵重划")
    changed = given | {"title": "南陵再划", "reason": "新小区", "note": ""}
    client.post(reverse("studio:settings", args=[plan.pk]), changed)
    client.post(reverse("studio:copy", args=[plan.pk]), {"title": "副本"})
    client.post(reverse("studio:discard", args=[plan.pk]), {"note": ""})
    plan.refresh_from_db()
    assert (plan.title, plan.reason, plan.status) == ("南陵再划", "新小区", PlanStatus.DRAFT)
    client.post(reverse("studio:discard", args=[plan.pk]), {"note": "作废"})
    listed = client.get(reverse("studio:plans"))
    assert [row["plan"].title for row in listed.context["rows"]] == ["副本"]
    shown = client.get(reverse("studio:plans"), {"show": "discarded", "q": "南陵"})
    assert [row["plan"].title for row in shown.context["rows"]] == ["南陵再划"]
    assert client.get(reverse("studio:plan", args=[plan.pk])).status_code == 200


def test_a_plan_that_was_overtaken_says_so_and_its_copy_goes_on(story: Story, client: Client) -> None:
    cast = story.cast
    late = Drawing(cast, cast.village, now=story.now, title="晚了")
    desk = Desk(client, late.plan, cast.administrator)
    page, draw = (reverse(f"studio:{name}", args=[late.plan.pk]) for name in ("plan", "draw"))
    assert desk.get("state")["stale"] is False and not client.get(page).context["is_stale"]
    early = Drawing(cast, cast.village, now=story.now)
    early.edit("describe", key=1, name="一号")
    early.published()
    assert desk.get("state")["stale"] is True and client.get(draw).context["is_stale"]
    shown = client.get(page).content.decode()
    assert 'href="#copy-title"' in shown and f"?scope={cast.village.pk}" in shown
    client.post(reverse("studio:copy", args=[late.plan.pk]), {"title": "接着画"})
    copied = Plan.objects.get(title="接着画")
    assert not client.get(reverse("studio:plan", args=[copied.pk])).context["is_stale"]
    listed = client.get(reverse("studio:plans")).content.decode()
    assert reverse("studio:export_published") in listed and reverse("studio:import") in listed


def test_a_plan_is_compared_with_today(story: Story, client: Client) -> None:
    """Half of the first square goes to the second, with its households and its open incident."""
    cast = story.cast
    story.report()
    west, south, side = 103.55, 29.41, 0.01
    settle(cast, [(west + side * 0.4, south + side / 2)] * 1 + [(west + side * 0.9, south + side / 2)], households=30)
    plan = drafts.begin(scope=cast.town, wish=Wish("重划"), actor=cast.administrator, now=timezone.now())
    desk = Desk(client, plan, cast.administrator)
    half = [[west + side * 0.45, south - 0.001], [west + side * 1.0, south - 0.001], [west + side, south + side * 2],
            [west + side * 0.45, south + side * 2]]  # fmt: skip
    desk.edit("carve", polygon=half, to=2)
    page = client.get(reverse("studio:compare", args=[plan.pk]))
    rows = page.context["rows"]
    assert [(row["old"].unit, row["new"].unit, row["households"]) for row in rows] == [
        (cast.grid.pk, cast.second_grid.pk, 30)
    ]
    assert rows[0]["incidents"] == page.context["incidents_moved"] == 1
    assert page.context["changed"] == 2 and not page.context["found"].begun and not page.context["found"].ended
    drawn = client.get(reverse("studio:compare_areas", args=[plan.pk])).json()["features"]
    assert [one["properties"]["how"] for one in drawn] == ["changed", "changed", "same", "same", "before", "before"]
    other = drafts.copy(plan=plan, title="另一", actor=cast.administrator, now=timezone.now())
    same = client.get(reverse("studio:compare", args=[plan.pk]), {"with": other.pk})
    assert same.context["rows"] == [] and same.context["found"].households_moved == 0
    assert client.get(reverse("studio:compare", args=[plan.pk]), {"with": "x"}).status_code == 404


def test_what_is_published_is_compared_by_the_names_it_got_and_has_no_faults(story: Story, client: Client) -> None:
    cast = story.cast
    drawing = Drawing(cast, cast.village, now=story.now)
    for key in drawing.split(cast.grid.pk, east=0.5):
        drawing.name(key, cast.officer)
    plan = drawing.published()
    desk = Desk(client, plan, cast.administrator)
    begun = client.get(reverse("studio:compare", args=[plan.pk])).context["found"].begun
    named = dict(Unit.objects.filter(pk__in=[area.unit for area in begun]).values_list("pk", "name"))
    assert len(begun) == 2 and {area.unit: area.name for area in begun} == named
    # Its base is itself by now, and the split grid is gone: neither is wrong with it.
    assert desk.get("faults") == {"revision": plan.revision, "faults": [], "counts": {}}


def test_heads_read_auditors_look_and_others_see_nothing(cast: Cast, client: Client) -> None:
    plan = drafts.begin(scope=cast.village, wish=Wish("重划"), actor=cast.administrator, now=timezone.now())
    page = reverse("studio:plan", args=[plan.pk])
    for name, status in (("village_head", 200), ("town_head", 200), ("auditor", 200), ("town_clerk", 404),
                         ("officer", 404), ("department_head", 404), ("stranger", 404)):  # fmt: skip
        client.force_login(getattr(cast, name))
        assert client.get(page).status_code == status, name
    client.force_login(cast.town_head)
    answer = client.post(reverse("studio:operate", args=[plan.pk]), "{}", content_type="application/json")
    assert answer.status_code == 403 and answer.json()["code"] == "forbidden"
    assert not approvals.may_approve(cast.village_head, plan, now=timezone.now())
