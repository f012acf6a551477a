"""The boundary studio in a real Chromium: a town is redrawn, proven, approved, published; the server has each edit."""

from typing import Any

import pytest
import shapely
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, expect

from grids import drafts, lattice
from grids.levels import UnitKind
from grids.models import Boundary, Person, Plan, PlanArea, PlanOperation, PlanStatus, Unit
from grids.subtrees import within
from tests.cast import SIDE, SOUTH, WEST
from tests.dispatch.play import Play, play
from tests.governance.drawing import Drawing
from tests.journeys.walk import DESK, PHONE, OpenWalk, Window, open_walk

__all__ = ["open_walk", "play"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PIXEL = "([lon, lat]) => { const at = wanggeStudio.map.latLngToContainerPoint([lat, lon]); return [at.x, at.y]; }"


@pytest.fixture(autouse=True)
def at_the_present_moment(play: Play) -> None:
    """Pages look at the clock themselves."""
    play.now = timezone.now()


class Studio:
    """The drawing page in one window, with the plan as the server has it."""

    def __init__(self, window: Window, plan: Plan) -> None:
        self.window, self.page, self.pk = window, window.page, plan.pk
        window.go(f"/studio/{plan.pk}/draw/")
        expect(self.page.locator(".studio.is-ready")).to_be_visible()

    @property
    def plan(self) -> Plan:
        return Plan.objects.get(pk=self.pk)

    def shapes(self) -> dict[int, Any]:
        return {area.key: lattice.from_db(area.geom) for area in PlanArea.objects.filter(plan=self.pk)}

    def tool(self, name: str) -> None:
        self.page.locator(f'[data-tool="{name}"]').click()
        expect(self.page.locator(f'[data-tool="{name}"]')).to_have_attribute("aria-pressed", "true")

    def at(self, east: float, north: float) -> tuple[float, float]:
        """The place on the screen, in sides from the south-western corner of the row of grids."""
        box = self.page.locator("#studio-map").bounding_box()
        x, y = self.page.evaluate(PIXEL, [WEST + SIDE * east, SOUTH + SIDE * north])
        return box["x"] + x, box["y"] + y

    def press(self, east: float, north: float) -> None:
        self.page.mouse.click(*self.at(east, north))

    def tab(self, name: str) -> Locator:
        self.page.locator(f'[data-tab="{name}"]').click()
        return self.page.locator(f"#studio-tab-{name}")

    def saved(self, edit: int) -> None:
        """The page says that so many edits are with the server, and they are."""
        expect(self.page.locator("#studio-saved")).to_contain_text(f"edit {edit}")
        assert self.plan.revision == edit


def with_a_pocket(play: Play) -> Plan:
    """A draft of the town with a hole that is nobody's, as an import may leave one."""
    drawing = Drawing(play.cast, play.cast.town, now=play.now)
    piece = shapely.box(WEST + SIDE * 3.9, SOUTH + SIDE * 0.3, WEST + SIDE * 4, SOUTH + SIDE * 0.6)
    (lost,) = drawing.edit("carve", polygon=[list(point) for point in piece.exterior.coords], to=None) - {
        drawing.key_of(play.cast.fourth_grid.pk)
    }
    PlanArea.objects.filter(plan=drawing.plan, key=lost).delete()
    return Plan.objects.get(pk=drawing.plan.pk)


def test_sw_5_a_town_is_redrawn_proven_approved_and_published(open_walk: OpenWalk, play: Play) -> None:
    plan = with_a_pocket(play)
    walk = open_walk("en")
    walk.given |= {"重划", "人口增加", "另行安排", "同意"}
    studio = Studio(walk.signed_in(play.cast.administrator, DESK), plan)
    page, begun = studio.page, plan.revision
    old = {row.unit_id: row.key for row in PlanArea.objects.filter(plan=plan)}
    walk.look(studio.window, "studio")

    split_by_a_line(studio, old[play.cast.second_grid.pk], begun + 1)
    drag_a_border(studio, old[play.cast.grid.pk], begun + 2)
    taken_back_and_done_again(studio, begun + 4)
    give_the_pocket_away(studio, begun + 5)

    name_vacant(studio, begun + 6)
    page.locator("#studio-tab-faults [data-prove]").click()
    expect(page.locator("#studio-seal")).to_be_visible()
    assert studio.plan.status == PlanStatus.PROVEN
    walk.look(studio.window, "studio-proven")
    assert shapely.union_all(list(studio.shapes().values())).equals(lattice.from_db(studio.plan.frame))

    chinese = open_walk("zh-hans")
    chinese.given |= walk.given
    head = chinese.signed_in(play.cast.town_head, PHONE)
    somebody_else_only_looks(head, plan)
    approve(studio, head)
    publish(studio, play)


def test_what_is_being_drawn_outlives_another_person_and_a_lost_answer(open_walk: OpenWalk, play: Play) -> None:
    drawing = Drawing(play.cast, play.cast.town, now=play.now)
    keeper = Person.objects.create_superuser("keeper", "x", full_name="Keeper")
    walk = open_walk("en")
    # The answer that is lost, and the one that says the edit came already.
    walk.allowed += ["ERR_ABORTED", "409 (Conflict)", f"409 /studio/{drawing.plan.pk}/operations/"]
    studio = Studio(walk.signed_in(play.cast.administrator, DESK), drawing.plan)
    begun = studio.plan.revision
    old = {row.unit_id: row.key for row in PlanArea.objects.filter(plan=drawing.plan)}

    taken_over_with_a_line_in_hand(studio, keeper)
    studio.page.keyboard.press("Enter")
    studio.saved(begun + 2)
    a_piece_goes_to_whom_one_says(studio, old[play.cast.grid.pk], begun + 3)
    an_answer_that_is_lost(studio, begun + 4)
    split_by_the_list(studio, begun + 5)


def taken_over_with_a_line_in_hand(studio: Studio, keeper: Person) -> None:
    """The open page hears of it, keeps the line, and draws on once the plan is free."""
    page = studio.page
    studio.tool("split")
    for north in (0, 1):
        studio.press(1.6, north)
    drafts.hold(plan_id=studio.pk, actor=keeper, now=timezone.now(), by_force=True)
    page.evaluate("wanggeStudio.watch()")
    expect(page.locator("#studio-said-words")).to_contain_text("Keeper has taken the plan over")
    page.keyboard.press("Enter")
    expect(page.locator("#studio-said-words")).to_contain_text("only looking")
    assert not PlanOperation.objects.filter(plan=studio.pk, kind="split").exists()
    drafts.release(plan_id=studio.pk, actor=keeper)
    page.evaluate("wanggeStudio.watch()")
    studio.tab("plan").locator("#studio-take").click()
    expect(page.locator("#studio-holder")).to_contain_text("You are drawing")
    page.locator("#studio-map").focus()


def a_piece_goes_to_whom_one_says(studio: Studio, key: int, edit: int) -> None:
    """A ring over the border of two grids is asked for, and given to the one that is pressed."""
    before = studio.shapes()[key].area
    studio.tool("carve")
    for east, north in ((0.9, 0.2), (1.2, 0.2), (1.2, 0.5), (0.9, 0.5)):
        studio.press(east, north)
    studio.page.keyboard.press("Enter")
    expect(studio.page.locator("#studio-offer button")).to_have_count(4)
    studio.press(0.4, 0.5)
    studio.saved(edit)
    assert studio.shapes()[key].area > before


def an_answer_that_is_lost(studio: Studio, edit: int) -> None:
    """The edit arrived and its answer did not: sent again it is known as the same, not as somebody else's."""
    page, key = studio.page, min(studio.shapes())

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("aborted")

    page.route("**/operations/", lose, times=1)
    name = f"wanggeStudio.operate('describe', {{key: {key}, name: 'One'}}).then((answer) => Boolean(answer))"
    assert page.evaluate(name)
    studio.saved(edit)
    expect(page.locator("#studio-said")).to_be_hidden()


def split_by_the_list(studio: Studio, edit: int) -> None:
    """Without the mouse: a grid of the table, halves, Enter."""
    page = studio.page
    many = len(studio.shapes())
    studio.tab("balance").locator(".studio-pick").first.press("Enter")
    studio.tab("grid").locator("#studio-divide-way").select_option("level")
    expect(page.locator("#studio-hint-acts .btn-primary")).to_be_visible()
    page.locator("#studio-divide button").press("Enter")
    studio.saved(edit)
    assert len(studio.shapes()) == many + 1


def split_by_a_line(studio: Studio, key: int, edit: int) -> None:
    """Two presses and Enter: both pieces are new, and the line ends exactly on the frame."""
    studio.tool("split")
    for north in (0, 1):
        studio.press(1.6, north)
    studio.page.keyboard.press("Enter")
    studio.saved(edit)
    assert key not in studio.shapes() and len(studio.shapes()) == 5


def drag_a_border(studio: Studio, key: int, edit: int) -> None:
    """A point drawn out of the border between two grids is in both, byte for byte."""
    studio.tool("border")
    studio.press(1, 0.5)
    middle = studio.page.locator(".studio-handle.is-between").first.bounding_box()
    x, y = middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2
    before = studio.shapes()[key].area
    mouse = studio.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 20, y, steps=4)
    mouse.up()
    studio.saved(edit)
    shapes = studio.shapes()
    assert shapes[key].area > before
    new = [point for point in shapely.get_coordinates(shapes[key]).tolist() if point[0] > WEST + SIDE]
    assert len(new) == 1
    assert sum(new[0] in shapely.get_coordinates(shape).tolist() for shape in shapes.values()) == 2


def taken_back_and_done_again(studio: Studio, edit: int) -> None:
    """Ctrl+Z and Ctrl+Y, each a step of the log."""
    drawn = {key: shapely.to_wkb(shape) for key, shape in studio.shapes().items()}
    studio.page.locator("#studio-map").focus()
    studio.page.keyboard.press("Control+z")
    studio.saved(edit - 1)
    assert {key: shapely.to_wkb(shape) for key, shape in studio.shapes().items()} != drawn
    studio.page.keyboard.press("Control+y")
    studio.saved(edit)
    assert {key: shapely.to_wkb(shape) for key, shape in studio.shapes().items()} == drawn
    steps = studio.tab("steps").locator("li")
    expect(steps.first).to_be_visible()
    assert steps.count() == PlanOperation.objects.filter(plan=studio.pk).count()


def give_the_pocket_away(studio: Studio, edit: int) -> None:
    """The pocket stands in the list; its first repair is the neighbour with the longest border."""
    faults = studio.tab("faults")
    pocket = faults.locator(".studio-fault").filter(has_text="Coverage gap")
    expect(pocket).to_have_count(1)
    pocket.locator(".studio-fault-open").click()
    faults.locator(".studio-repairs .btn-primary").first.click()
    studio.saved(edit)
    expect(pocket).to_have_count(0)


def name_vacant(studio: Studio, edit: int) -> None:
    """A grid without an officer stands among the faults and leads to its form."""
    fault = studio.tab("faults").locator(".studio-fault").filter(has_text="No officer").first
    fault.locator(".studio-fault-open").click()
    studio.page.locator("#studio-faults .is-chosen .studio-repairs button").click()
    form: Page | Locator = studio.page.locator("#studio-vacant")
    form.locator("input").fill("另行安排")
    form.locator("button").click()
    studio.saved(edit)
    studio.tab("faults")


def somebody_else_only_looks(window: Window, plan: Plan) -> None:
    """On a phone: the sheet opens and closes, the tools are not to be had, the page fits."""
    studio = Studio(window, plan)
    expect(window.page.locator('[data-tool="split"]')).to_be_disabled()
    window.page.locator("#studio-sheet").click()
    expect(window.page.locator("#studio-body")).not_to_be_visible()
    studio.tab("plan")
    expect(window.page.locator("#studio-holder")).to_be_visible()
    window.look("studio-phone")


def approve(studio: Studio, head: Window) -> None:
    """Who drew leaves, which gives the plan back; who heads the town approves it on the plan's page."""
    studio.window.go(f"/studio/{studio.pk}/")
    page = head.go(f"/studio/{studio.pk}/")
    assert studio.plan.held_by is None
    form = page.locator("form[action$='/approve/']")
    form.locator("textarea, input[name=note]").first.fill("同意")
    form.locator("button[type=submit]").first.click()
    head.ready()
    expect(form).to_have_count(0)
    assert studio.plan.status == PlanStatus.APPROVED


def publish(studio: Studio, play: Play) -> None:
    """Whoever drew looks at what changes and publishes; from then on the pieces are grids and the old one is none."""
    page = studio.window.go(f"/studio/{studio.pk}/preview/")
    page.locator("[data-open=publish]").click()
    page.locator("#publish button[type=submit]").click()
    studio.window.ready()
    assert studio.plan.status == PlanStatus.PUBLISHED
    assert Unit.objects.get(pk=play.cast.second_grid.pk).is_retired
    in_town = within([play.cast.town.pk], "unit")
    in_force = Boundary.objects.filter(in_town, kind=UnitKind.GRID, valid__contains=timezone.now())
    drawn = {shapely.to_wkb(shape) for shape in studio.shapes().values()}
    assert {shapely.to_wkb(lattice.from_db(row.geom)) for row in in_force} == drawn
    studio.window.go(f"/studio/{studio.pk}/draw/")
    expect(page.locator("#studio-status")).to_have_text("Published")
    expect(page.locator('[data-tool="split"]')).to_be_disabled()
