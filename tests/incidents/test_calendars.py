"""Working time: `elapsed` and `add` are each other's inverse, on the real Chinese calendar."""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents import calendar_package, calendars
from incidents.calendars import (
    EVERY_DAY,
    ROUND_THE_CLOCK,
    CalendarEmpty,
    CalendarError,
    CalendarHorizon,
    Hours,
    NaturalCalendar,
    Special,
    SpecialKind,
    WorkCalendar,
    build,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
SW8_HOURS = [Hours(time(9), time(12)), Hours(time(13, 30), time(17, 30))]
HOUR = 3600
SECOND = timedelta(seconds=1)


def special_days() -> list[Special]:
    published = [special for special in calendar_package.published() if special.day.year >= 2023]
    return [*published, *calendar_package.to_come(after=published[-1].day.year, last_year=2032)]


def calendar_with(hours: list[Hours]) -> WorkCalendar:
    return build(
        hours=hours,
        special_days=special_days(),
        zone=SHANGHAI,
        first_year=2023,
        last_year=2032,
        provisional_from=date(2027, 1, 1),
        name="test",
    )


WORK = calendar_with(SW8_HOURS)
EIGHT_HOURS = calendar_with([Hours(time(9), time(12)), Hours(time(14), time(18))])
NATURAL = NaturalCalendar(SHANGHAI)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


moments = st.datetimes(min_value=datetime(2023, 1, 2), max_value=datetime(2027, 12, 30)).map(
    lambda naive: naive.replace(tzinfo=UTC, microsecond=0)
)
amounts = st.integers(min_value=0, max_value=60 * 7 * HOUR)
both_calendars = st.sampled_from([WORK, NATURAL])


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2024-02-02 16:00", "2024-02-04 16:00"),  # over a Saturday to a Sunday on which offices work
        ("2024-02-09 17:00", "2024-02-18 17:00"),  # over the Spring Festival to a make-up Sunday
        ("2026-02-13 17:00", "2026-02-14 17:00"),  # a make-up Saturday before the festival
    ],
)
def test_seven_hours_end_on_the_right_make_up_workday(start: str, due: str) -> None:
    assert EIGHT_HOURS.add(at(start), 7 * HOUR) == at(due)


def test_sw_8_one_working_day_set_on_friday_afternoon_is_due_on_monday() -> None:
    friday = at("2026-11-20 16:00")
    assert WORK.working_day_seconds == 7 * HOUR
    assert WORK.add(friday, WORK.working_day_seconds) == at("2026-11-23 16:00")


def test_sw_8_set_on_the_eve_of_a_statutory_holiday_it_is_due_after_it() -> None:
    eve = at("2026-09-30 16:00")
    assert WORK.add(eve, WORK.working_day_seconds) == at("2026-10-08 16:00")


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_the_working_days_the_state_council_left(year: int, days: int) -> None:
    seconds = WORK.elapsed(at(f"{year}-01-01"), at(f"{year + 1}-01-01"))
    assert seconds == days * WORK.working_day_seconds


def test_every_published_make_up_day_is_worked_and_every_holiday_is_not() -> None:
    for special in special_days():
        assert WORK.works(special.day) is special.kind.works
        next_midnight = datetime.combine(special.day + timedelta(days=1), time(0), tzinfo=SHANGHAI)
        seconds = WORK.elapsed(next_midnight - timedelta(days=1), next_midnight)
        assert seconds == (7 * HOUR if special.kind.works else 0)


@given(calendar=both_calendars, t=moments, seconds=amounts)
def test_elapsed_is_the_inverse_of_add(calendar: calendars.Calendar, t: datetime, seconds: int) -> None:
    assert calendar.elapsed(t, calendar.add(t, seconds)) == seconds


@given(calendar=both_calendars, a=moments, b=moments)
def test_add_never_runs_past_the_moment_whose_elapsed_it_is_given(
    calendar: calendars.Calendar, a: datetime, b: datetime
) -> None:
    a, b = sorted([a, b])
    assert calendar.add(a, calendar.elapsed(a, b)) <= b


@given(calendar=both_calendars, a=moments, b=moments, s1=amounts, s2=amounts)
def test_later_starts_and_longer_limits_never_end_earlier(
    calendar: calendars.Calendar, a: datetime, b: datetime, s1: int, s2: int
) -> None:
    a, b = sorted([a, b])
    s1, s2 = sorted([s1, s2])
    assert calendar.add(a, s1) <= calendar.add(b, s2)


@given(calendar=both_calendars, a=moments, b=moments, c=moments)
def test_elapsed_adds_up_over_a_moment_between(
    calendar: calendars.Calendar, a: datetime, b: datetime, c: datetime
) -> None:
    assert calendar.elapsed(a, b) + calendar.elapsed(b, c) == calendar.elapsed(a, c)


@given(
    calendar=both_calendars,
    start=moments,
    budget=st.integers(min_value=1, max_value=60 * 7 * HOUR),
    share=st.floats(min_value=0, max_value=1),
    length=st.integers(min_value=0, max_value=60 * 86_400),
)
@settings(max_examples=300)
def test_a_pause_keeps_the_sum_and_never_moves_the_deadline_earlier(
    calendar: calendars.Calendar, start: datetime, budget: int, share: float, length: int
) -> None:
    planned = calendar.add(start, budget)
    paused = start + timedelta(seconds=int(share * (planned - start).total_seconds()))
    spent = calendar.elapsed(start, paused)
    resumed = paused + timedelta(seconds=length)
    due = calendar.add(resumed, budget - spent)
    assert spent + calendar.elapsed(resumed, due) == budget
    assert due >= planned


def test_adding_nothing_stays_where_it_is_even_at_night() -> None:
    night = at("2026-11-21 03:00")
    assert WORK.add(night, 0) == night


def test_work_that_fills_a_day_to_its_last_second_is_due_that_day() -> None:
    assert WORK.add(at("2026-11-20 09:00"), 7 * HOUR) == at("2026-11-20 17:30")
    assert WORK.add(at("2026-11-20 09:00"), 7 * HOUR + 1) == at("2026-11-23 09:00:01")


def test_elapsed_backwards_is_negative() -> None:
    assert WORK.elapsed(at("2026-11-23 10:00"), at("2026-11-20 16:30")) == -2 * HOUR


def test_fractions_of_a_second_do_not_count() -> None:
    start = at("2026-11-20 16:00") + timedelta(microseconds=999_999)
    assert WORK.add(start, 60) == at("2026-11-20 16:01")


def test_before_the_first_and_after_the_last_year_the_calendar_says_so() -> None:
    with pytest.raises(CalendarHorizon, match="2022-12-31"):
        WORK.elapsed(at("2022-12-31 10:00"), at("2023-01-05 10:00"))
    with pytest.raises(CalendarHorizon):
        WORK.add(at("2022-12-31 10:00"), 0)
    with pytest.raises(CalendarHorizon, match="2032-12-31"):
        WORK.add(at("2032-12-30 10:00"), 30 * 7 * HOUR)


def test_a_calendar_without_working_days_is_refused_by_name() -> None:
    with pytest.raises(CalendarEmpty, match="closed"):
        build(hours=SW8_HOURS, weekdays=frozenset(), zone=SHANGHAI, first_year=2026, last_year=2026, name="closed")
    with pytest.raises(CalendarEmpty):
        build(hours=[], zone=SHANGHAI, first_year=2026, last_year=2026)


def test_overlapping_and_backward_periods_are_refused() -> None:
    for hours in ([Hours(time(9), time(12)), Hours(time(11), time(15))], [Hours(time(12), time(9))]):
        with pytest.raises(CalendarError, match="overlap"):
            build(hours=hours, zone=SHANGHAI, first_year=2026, last_year=2026)


def test_naive_moments_and_negative_amounts_are_refused() -> None:
    with pytest.raises(CalendarError, match="no time zone"):
        WORK.add(datetime(2026, 11, 20, 16), 60)
    with pytest.raises(CalendarError, match="negative"):
        WORK.add(at("2026-11-20 16:00"), -1)
    with pytest.raises(CalendarError, match="negative"):
        NATURAL.add(at("2026-11-20 16:00"), -1)


def test_a_local_day_outranks_the_national_one_wherever_it_stands() -> None:
    flood = [
        Special(date(2026, 11, 23), SpecialKind.LOCAL_OFF, "flood"),
        Special(date(2026, 10, 7), SpecialKind.LOCAL_WORK, "flood"),
        *special_days(),
    ]
    calendar = build(hours=SW8_HOURS, special_days=flood, zone=SHANGHAI, first_year=2026, last_year=2027)
    assert calendar.add(at("2026-11-20 16:00"), 7 * HOUR) == at("2026-11-24 16:00")
    assert calendar.works(date(2026, 10, 7))


def test_years_without_a_published_schedule_are_provisional_but_answer() -> None:
    due = WORK.add(at("2026-11-23 10:00"), 30 * WORK.working_day_seconds)
    assert due == at("2027-01-05 10:00")
    assert WORK.is_provisional(due)
    assert not WORK.is_provisional(at("2026-12-31 23:59:59"))
    assert WORK.is_provisional(at("2027-01-01 00:00"))
    assert not NATURAL.is_provisional(due)
    assert not WORK.works(date(2027, 10, 1)), "fixed statutory days are off also before the notice"
    assert WORK.works(date(2027, 10, 8)), "exchange days are unknown"


ALWAYS = build(hours=[ROUND_THE_CLOCK], weekdays=EVERY_DAY, zone=SHANGHAI, first_year=2023, last_year=2032)


@given(a=moments, b=moments, seconds=st.integers(min_value=0, max_value=60 * 86_400))
def test_a_calendar_round_the_clock_counts_like_natural_time(a: datetime, b: datetime, seconds: int) -> None:
    assert ALWAYS.elapsed(a, b) == NATURAL.elapsed(a, b)
    assert ALWAYS.add(a, seconds) == NATURAL.add(a, seconds)
    assert ALWAYS.working_day_seconds == 86_400


def test_a_night_shift_ends_at_midnight_and_no_earlier() -> None:
    night = build(hours=[Hours(time(18), time(0))], zone=SHANGHAI, first_year=2026, last_year=2026)
    assert night.working_day_seconds == 6 * HOUR
    assert night.add(at("2026-11-20 23:00"), HOUR) == at("2026-11-21 00:00")
    assert night.add(at("2026-11-20 23:00"), HOUR + 1) == at("2026-11-23 18:00:01")
    assert night.end_of_day(at("2026-11-20 20:00")) == at("2026-11-21 00:00")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-20 08:00", "2026-11-20 17:30"),
        ("2026-11-20 12:30", "2026-11-20 17:30"),
        ("2026-11-20 17:30", "2026-11-20 17:30"),
        ("2026-11-20 17:30:01", "2026-11-23 17:30"),
        ("2026-10-02 10:00", "2026-10-08 17:30"),
    ],
)
def test_the_end_of_the_day_is_the_end_of_its_last_period(moment: str, end: str) -> None:
    assert WORK.end_of_day(at(moment)) == at(end)


def test_the_end_of_a_natural_day_is_its_last_local_second() -> None:
    assert NATURAL.end_of_day(at("2026-11-20 08:00")) == at("2026-11-20 23:59:59")


def test_pieces_tell_day_by_day_what_counted_and_why() -> None:
    pieces = WORK.pieces(at("2026-09-30 16:00"), at("2026-10-10 09:10"))
    assert [(piece.day.day, piece.seconds // 60) for piece in pieces if piece.works] == [
        (30, 90), (8, 420), (9, 420), (10, 10),
    ]  # fmt: skip
    named = {piece.day.day: piece.special.name for piece in pieces if piece.special}
    assert named[1] == "国庆节"
    assert named[10] == "国庆节"
    assert len(pieces) == 11


@given(calendar=both_calendars, a=moments, seconds=amounts)
@settings(max_examples=50)
def test_pieces_sum_up_to_the_elapsed_time(calendar: calendars.Calendar, a: datetime, seconds: int) -> None:
    due = calendar.add(a, seconds)
    assert sum(piece.seconds for piece in calendar.pieces(a, due)) == seconds


def test_two_hundred_thousand_random_round_trips_are_exact() -> None:
    random.seed(8)
    first = at("2023-01-02").timestamp()
    for _ in range(200_000):
        t = datetime.fromtimestamp(first + random.randrange(4 * 365 * 86_400), tz=UTC)
        seconds = random.randrange(1, 60 * 7 * HOUR)
        assert WORK.elapsed(t, WORK.add(t, seconds)) == seconds
