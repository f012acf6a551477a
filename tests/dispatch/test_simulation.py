"""The simulated district: every move and light occurs, one seed tells one story, days differ, live goes on."""

import io
import random
import re
import time
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from dispatch import invariants
from dispatch.acts import ACTS
from dispatch.models import Assignment, AssignmentState, Notice
from dispatch.simulation import adoption, matters, rhythm, story, turns
from dispatch.simulation.grammar import numeral, say
from dispatch.simulation.pace import Pace
from dispatch.simulation.realtime import RealTime
from dispatch.simulation.rhythm import Almanac
from dispatch.simulation.timeline import Timeline
from dispatch.simulation.world import World
from grids import posts
from grids.demo.places import DEPARTMENTS
from grids.duties import Duty
from grids.models import DistrictProfile, Person, Unit
from grids.posts import Appointment
from incidents import calendar_rows, comments, reference_data
from incidents.calendars import WorkCalendar
from incidents.models import Clock, Incident, IncidentEvent, Light, Unannounced
from incidents.records import KINDS
from incidents.states import MOVES
from tests.cast import NOW, SHANGHAI, Cast
from tests.dispatch import processes
from tests.dispatch.play import Play

SEED = 7
# A Wednesday evening.
UNTIL = datetime(2026, 3, 18, 20, 0, tzinfo=SHANGHAI)
# Follow from a redrawn boundary, and from another system's records.
NOT_PLAYED = {"rehome", "import_history"}
CHINESE = re.compile(r"[\u4e00-\u9fff，。：；、？！（）“”]+")

pytestmark = pytest.mark.usefixtures("story")


def staffed(cast: Cast) -> Cast:
    """The cast with the posts every desk of a district has."""
    wanted = [
        (cast.village, Duty.DUTY_CHIEF, "chief_one"),
        (cast.sibling_village, Duty.DUTY_CHIEF, "chief_two"),
        (cast.other_village, Duty.DUTY_CHIEF, "chief_three"),
        (cast.sibling_village, Duty.CHECKER, "checker_two"),
        (cast.other_village, Duty.CHECKER, "checker_three"),
        (cast.other_town, Duty.DUTY_CHIEF, "chief_four"),
        (cast.other_town, Duty.DISPATCHER, "dispatcher_two"),
        (cast.third_grid, Duty.SUPERVISOR, "supervisor_two"),
        (cast.other_grid, Duty.SUPERVISOR, "supervisor_three"),
    ]
    people = Person.objects.bulk_create(Person(username=name, full_name="己二") for _unit, _duty, name in wanted)
    posts.appoint_all(
        appointments=[
            Appointment(unit=unit.pk, person=person.pk, duty=duty)
            for (unit, duty, _name), person in zip(wanted, people, strict=True)
        ],
        since=cast.since,
        now=cast.now,
    )
    DistrictProfile.objects.create(district=cast.district, recheck_share="0.300")
    return cast


def told(*, days: int, incidents: int, until: datetime = UNTIL, seed: int = SEED) -> World:
    """The world after a story was told in it."""
    start = until - timedelta(days=days)
    world = World(district="511111", now=start, seed=seed)
    timeline = Timeline(world)
    story.begin(world, timeline, story.births(world, start=start, end=until, count=incidents))
    timeline.run(until)
    return world


@pytest.fixture
def calendar(cast: Cast) -> WorkCalendar:
    return calendar_rows.work_calendar(calendar_rows.current_version(district_id=cast.district.pk).pk)


# -- a story as a whole --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db
def test_every_move_act_and_light_occurs_in_chinese_and_the_record_holds(cast: Cast) -> None:
    staffed(cast)
    world = told(days=9, incidents=120)

    kinds = set(IncidentEvent.objects.values_list("kind", flat=True))
    assert set(MOVES) - NOT_PLAYED <= kinds, "a move nobody made"
    assert {act.event for act in ACTS.values()} <= kinds, "an act nobody did to an order"
    # Pictures write no event with a report; the others follow from redrawn borders and calendars, or from chance.
    by_chance = {
        "photo",
        "inherited",
        "deadline_moved",
        "approval_lapsed",
        "card_lapsed",
        "overdue_again",
        "grid_changed",
    }
    assert set(KINDS) - kinds <= by_chance
    assert {state.value for state in AssignmentState} - {"called", "signed", "arrived"} <= set(
        Assignment.objects.values_list("state", flat=True)
    )
    lights = set(Clock.objects.values_list("final_light", flat=True))
    assert {Light.GREEN, Light.RED, Light.NONE} <= lights
    assert {"light_yellow", "light_red"} <= kinds
    # Some of it climbed by the clock alone, some went on by itself on its review date.
    by_clock = set(IncidentEvent.objects.filter(actor=None).values_list("kind", flat=True))
    assert {"escalate", "resume", "answer"} <= by_clock

    assert not invariants.broken()
    assert not Unannounced.objects.exists()
    assert not IncidentEvent.objects.filter(occurred_at__gt=UNTIL).exists()
    told_per_event = Notice.objects.count() / IncidentEvent.objects.count()
    assert 0.5 < told_per_event < 3

    # Thirty of these had to climb; of the others most were settled on the spot.
    assert 0.55 < world.pressed["self_handle"] / (Incident.objects.count() - len(turns.TURNS)) < 0.85
    said = [text for row in Incident.objects.values_list("text", "address") for text in row]
    said += IncidentEvent.objects.exclude(note="").values_list("note", flat=True)
    said += Assignment.objects.values_list("order", flat=True)
    assert not [text for text in said if not CHINESE.fullmatch(text)]
    assert max(map(len, said)) <= 150


@pytest.mark.django_db
def test_what_is_reported_twice_at_midday_is_merged_before_the_first_one_climbs(cast: Cast) -> None:
    staffed(cast)
    noon = datetime(2026, 3, 17, 12, 10, tzinfo=SHANGHAI)
    world = World(district="511111", now=noon, seed=SEED)
    timeline = Timeline(world)
    for number in range(8):
        birth = story.Birth(noon + timedelta(minutes=15 * number), number, "unmerge")
        timeline.begin(story.born(world, timeline, birth))
    timeline.run(UNTIL)
    assert world.pressed["merge"] == world.pressed["unmerge"] == 8


@pytest.mark.django_db
def test_the_same_seed_tells_the_same_story(cast: Cast) -> None:
    staffed(cast)
    DistrictProfile.objects.update(recheck_share=0)  # the lot is the house's, not the story's
    first, again, other = (_record_of(seed) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def _record_of(seed: int) -> list[tuple[object, ...]]:
    """What happened in a small story, which leaves nothing behind."""
    with transaction.atomic():
        told(days=2, incidents=14, seed=seed)
        rows = IncidentEvent.objects.order_by("occurred_at", "pk")
        found = list(
            rows.values_list("kind", "occurred_at", "actor", "unit", "note", "incident__text", "incident__holder")
        )
        transaction.set_rollback(True)
    return found


# -- days ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_working_days_weekends_and_holidays_differ(calendar: WorkCalendar) -> None:
    almanac = Almanac(calendar, SEED)
    start, end = datetime(2026, 9, 7, tzinfo=SHANGHAI), datetime(2026, 10, 19, tzinfo=SHANGHAI)
    born = almanac.moments(start, end, 3000, random.Random(1))
    days = Counter(almanac.day_of(moment) for moment in born)
    by_kind: dict[str, list[int]] = {"workday": [], "weekend": [], "holiday": []}
    for day, number in days.items():
        by_kind[almanac.kind(day)].append(number)
    mean = {kind: sum(numbers) / len(numbers) for kind, numbers in by_kind.items()}
    assert mean["weekend"] < mean["workday"] < mean["holiday"], "officers are busiest when the offices rest"
    assert almanac.kind(date(2026, 10, 10)) == "workday", "a Saturday worked to make up for the holiday"
    assert almanac.kind(date(2026, 10, 1)) == "holiday" and almanac.kind(date(2026, 11, 22)) == "weekend"

    # On a working day the morning round weighs most; on a free day it is the hours after.
    share = {
        kind: sum(almanac.day_of(m) in found and m.astimezone(SHANGHAI).hour in (8, 9) for m in born)
        / sum(almanac.day_of(m) in found for m in born)
        for kind in by_kind
        for found in [{day for day in days if almanac.kind(day) == kind}]
    }
    assert share["workday"] > 1.2 * share["holiday"]


@pytest.mark.django_db
def test_offices_rest_on_holidays_unless_it_cannot_wait(calendar: WorkCalendar) -> None:
    pace, dice = Pace(calendar, SEED), random.Random(1)
    holiday = datetime(2026, 10, 1, 9, 30, tzinfo=SHANGHAI)
    ordinary = pace.office(holiday, "511111100", 1, dice)
    assert ordinary >= datetime(2026, 10, 8, 9, 0, tzinfo=SHANGHAI)
    assert pace.at_once(holiday, "511111100", 10, dice) < holiday + timedelta(hours=2)
    slow = [unit for unit in (f"5111111{number:02d}" for number in range(100)) if pace.is_slow(unit)]
    assert 5 <= len(slow) <= 35, "some units are slow"


@pytest.mark.django_db
def test_market_days_and_weather_change_what_happens(calendar: WorkCalendar) -> None:
    almanac = Almanac(calendar, SEED)
    markets = [day for day in range(1, 31) if rhythm.is_market_day("511111100", date(2026, 11, day))]
    assert len(markets) == 9
    tags = almanac.tags(datetime(2026, 11, markets[0], 9, tzinfo=SHANGHAI), "511111100")
    assert "market" in tags
    stalls = next(one for one in matters.matters() if one.category[1] == "09006")
    assert stalls.weight(tags) > stalls.weight(tags - {"market"})
    skies = {tag for day in range(1, 31) for tag in almanac.weather(date(2026, 7, day))}
    assert {"rain", "dry", "hot"} <= skies
    assert almanac.weather(date(2026, 7, 9)) == Almanac(calendar, SEED).weather(date(2026, 7, 9))


# -- words ---------------------------------------------------------------------------------------------------


def test_every_matter_has_its_category_its_departments_and_something_to_say() -> None:
    known = {(row["standard_ref"], row["code"]) for row in reference_data.read("categories.csv")}
    for matter in matters.matters():
        assert matter.category in known
        assert set(matter.departments) <= set(DEPARTMENTS)
        assert len(matter.reach) == 4 and set(matter.when) <= TAGS
        dice = random.Random(matter.category[1])
        for _number in range(40):
            tale = matters.tell(matter, dice, tags=dice.sample(sorted(TAGS), 3), urban=dice.random() < 0.5)
            for text in (tale.text, tale.done(dice), tale.order(dice), tale.fed(dice)):
                assert CHINESE.fullmatch(text) and len(text) <= 100, text


TAGS = {
    "workday", "weekend", "holiday", "market", "morning", "evening", "night",
    "rain", "storm", "dry", "wind", "fog", "hot", "cold",
}  # fmt: skip


def test_a_domain_is_told_in_hundreds_of_ways_and_names_nobody() -> None:
    dice = random.Random(1)
    for code in ("06010", "06028", "0202", "09009", "0113"):
        of_it = [matter for matter in matters.matters() if matter.category[1] == code]
        texts = {matters.tell(dice.choice(of_it), dice, tags=[], urban=True).text for _number in range(400)}
        assert len(texts) > 300
    for name in ("matters.toml", "phrases.toml"):
        text = (matters.HERE / name).read_text(encoding="utf-8")
        assert not re.search(r"\d{7,}|[某先女][某生士]", text)


def test_numbers_are_said_as_chinese_says_them() -> None:
    assert [numeral(number) for number in (2, 10, 12, 20, 22, 105, 200)] == [
        "两", "十", "十二", "二十", "二十二", "一百零五", "二百",
    ]  # fmt: skip
    assert numeral(2, ordinal=True) == "二"
    assert say("{#2~2}组{有|有}{thing}{3~3}处", random.Random(1), {"thing": "积水"}) == "二组有积水三处"


def test_what_must_happen_is_spread_over_the_early_births() -> None:
    moments = [NOW + timedelta(hours=number) for number in range(60)]
    certain = turns.must_happen(moments, before=NOW + timedelta(hours=50), dice=random.Random(1))
    assert sorted(certain.values()) == sorted(turns.BY_NAME)
    assert max(certain) < 50


# -- in real time ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db
def test_in_real_time_people_go_on_and_leave_alone_what_others_touch(play: Play) -> None:
    cast = play.cast
    run = RealTime(district="511111", seed=SEED, speed=30, now=cast.now)
    now = cast.now
    for _turn in range(60):
        now += timedelta(seconds=20)
        run.turn(now)
    assert run.born > 10 and run.world.pressed["accept"] > 0
    assert not invariants.broken()

    play.now = now
    mine = play.report()
    again = Incident.objects.filter(pk__in=run.ours, closed_at=None).earliest("pk").pk
    comments.add(incident=Incident.objects.get(pk=again), actor=cast.district_clerk, text="请抓紧", now=now)
    assert {mine.pk, again} <= adoption.touched_by_people(run.world, since=cast.now)
    run.turn(now + timedelta(minutes=1))
    assert not {mine.pk, again} & run.ours
    seq = mine.seq
    run.turn(now + timedelta(minutes=10))
    mine.refresh_from_db()
    assert mine.seq == seq, "theirs who reported it"
    # Nobody touched them for a while (the database's own clock says when): the people of the district go on.
    run.began = datetime.now(SHANGHAI) + timedelta(minutes=1)
    run.turn(now + timedelta(minutes=11))
    assert {mine.pk, again} <= run.ours


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_live_command_ends_well_on_sigterm_and_leaves_a_record_that_holds(cast: Cast, tmp_path: Path) -> None:
    staffed(cast)
    log = tmp_path / "live.log"
    live = processes.manage("simulate", "--live", "--speed", "4000", "--seed", "3", log=log)
    with processes.running(live):
        until = time.monotonic() + 30
        while time.monotonic() < until and IncidentEvent.objects.exclude(kind="report").count() < 15:
            time.sleep(0.3)
        code = processes.end(live)
    assert code == 0, log.read_text()
    assert "stopped" in log.read_text()
    assert IncidentEvent.objects.exclude(kind="report").count() >= 15
    assert not invariants.broken()
    assert not Incident.objects.filter(reported_at__gt=datetime.now(SHANGHAI)).exists()


# -- the command -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_refuses_where_made_up_acts_do_not_belong(cast: Cast, settings) -> None:
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(CommandError, match="WANGGE_DEMO"):
        call_command("simulate", stdout=io.StringIO())
    settings.DEMO = True
    for wrong in (["--district", "511112"], ["--days", "0"], ["--incidents", "0"], ["--live", "--speed", "-1"]):
        with pytest.raises(CommandError):
            call_command("simulate", *wrong, stdout=io.StringIO())


@pytest.mark.django_db
def test_one_seed_is_told_once(cast: Cast, settings) -> None:
    settings.DEMO = True
    said = io.StringIO()
    call_command("simulate", "--days", "2", "--incidents", "6", stdout=said)
    assert "acts" in said.getvalue() and Incident.objects.count() >= 6
    with pytest.raises(CommandError, match="told already"):
        call_command("simulate", "--days", "2", "--incidents", "6", stdout=said)
    assert Unit.objects.get(pk="511111") == cast.district
