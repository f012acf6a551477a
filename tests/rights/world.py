"""Two of everything an address can name: one near (the cast's first grid), one far (the other town)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from dispatch import addresses, notices
from dispatch.models import Approval, Assignment, Card, Notice
from governance.wall import keys
from grids import drafts, forces, routines
from grids.drafts import Wish
from grids.models import ForceKind, Matter, Person, Post, RoutineKind, Unit
from incidents import calendar_rows, photos
from incidents.api.keys import key_of
from incidents.models import Incident, PhotoStage
from tests.dispatch.play import Order, Play
from tests.incidents.pages import picture

NEAR, FAR = "near", "far"
ROBOT = addresses.Wanted(channel="dingtalk", target="https://oapi.dingtalk.com/robot/send?access_token=x")
SCOPES = (NEAR, FAR)


@dataclass(frozen=True)
class Side:
    """What an address of one side is filled with."""

    village: str
    grid: str
    town: str
    department: str
    incident: Incident
    category: str
    photo: UUID
    clock: int
    order: int
    order_seq: int
    request: int
    card: int
    card_seq: int
    post: int
    person: int
    notice: int
    address: int
    force: int
    routine: int
    wall_key: int
    wall_secret: str
    calendar: int
    plan: int


@dataclass(frozen=True)
class World:
    """Both sides and the play in which they came to be.

    Each was reported by the grid's officer, handed up to the district, sent to a department (the first, the other), and
    somebody asked for its suspension and laid a card before the department.
    """

    play: Play
    near: Side
    far: Side

    @classmethod
    def make(cls, play: Play) -> "World":
        cast = play.cast
        near = _sent(play, cast.officer, cast.grid, cast.village_clerk, cast.town_clerk, cast.department)
        far = _sent(
            play, cast.other_officer, cast.other_grid, cast.other_village_clerk, cast.other_town_clerk,
            cast.other_department,
        )  # fmt: skip
        notices.announce_until_done(now=play.now)
        return cls(
            play,
            _side(play, near, cast.grid, cast.department, cast.officer, cast.village_clerk),
            _side(play, far, cast.other_grid, cast.other_department, cast.other_officer, cast.other_village_clerk),
        )

    def side(self, scope: str) -> Side:
        return self.near if scope == NEAR else self.far


def _sent(play: Play, by: Person, grid: Unit, village: Person, town: Person, department: Unit) -> Incident:
    incident = play.report(by=by, grid=grid)
    for clerk in (village, town):
        incident = play.press(incident, "accept", clerk)
        incident = play.press(incident, "escalate", clerk)
    incident = play.press(incident, "accept", play.cast.district_clerk)
    orders = [Order(department, "请立即处置", required=True)]
    incident = play.press(incident, "dispatch", play.cast.district_dispatcher, orders=orders)
    incident = play.press(
        incident, "ask_suspend", play.cast.district_clerk, review_at=play.now + timedelta(days=10), note="等雨停"
    )
    return play.press(
        incident,
        "supervise",
        play.cast.district_dispatcher,
        target_unit=department,
        colour="ordinary",
        note="请说明进展",
    )


def _side(play: Play, incident: Incident, grid: Unit, department: Unit, officer: Person, told: Person) -> Side:
    order, card = Assignment.objects.get(incident=incident), Card.objects.get(incident=incident)
    administrator = play.cast.administrator
    key, secret = keys.make(
        person=administrator, unit=Unit.objects.get(pk=grid.pk[:12]), name="大厅", days=30, now=play.now
    )
    shot = photos.add(
        incident=incident,
        picture=photos.check(picture().file),
        stage=PhotoStage.BEFORE,
        now=play.now,
        added_by=officer,
    )
    day = timezone.localdate(play.now)
    force = forces.enlist(grid=grid, kind=ForceKind.MEDIATOR, name="庚一", matters=[Matter.MEDIATION], now=play.now)
    routine = routines.plan(grid=grid, kind=RoutineKind.PATROL, title="看一圈", every_days=1, since=day, now=play.now)
    return Side(
        village=grid.pk[:12],
        grid=grid.pk,
        town=grid.pk[:9],
        department=department.pk,
        incident=incident,
        category=key_of(incident.category) if incident.category else "",
        photo=shot.token,
        clock=play.clock(incident, "overall").pk,
        order=order.pk,
        order_seq=order.seq,
        request=Approval.objects.get(incident=incident).pk,
        card=card.pk,
        card_seq=card.seq,
        post=Post.objects.filter(person=officer).earliest("pk").pk,
        person=officer.pk,
        notice=Notice.objects.filter(incident=incident, person=told).earliest("pk").pk,
        address=addresses.set_own(person=officer, wanted=ROBOT, now=play.now).pk,
        force=force.pk,
        routine=routine.pk,
        wall_key=key.pk,
        wall_secret=secret,
        plan=drafts.begin(scope=Unit.objects.get(pk=grid.pk[:12]), wish=Wish("重划"), actor=None, now=play.now).pk,
        calendar=calendar_rows.current_version(district_id=incident.district_id).calendar_id,
    )
