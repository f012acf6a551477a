"""People take and leave posts; the database itself keeps the rules."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from grids import permissions, posts, selectors
from grids.duties import KINDS_OF_DUTY, Duty, Right
from grids.levels import UnitKind
from grids.models import DistrictProfile, Person, Post, Unit, UnitUserPermission
from grids.posts import Appointment
from grids.refusals import PostRefused
from tests.cast import Cast

DAY = timedelta(days=1)


def _many_officers(cast: Cast) -> None:
    DistrictProfile.objects.create(district=cast.district, officers_per_grid=None, supervisors_per_grid=None)


def test_sw_4_a_second_primary_officer_is_rejected(cast: Cast) -> None:
    _many_officers(cast)
    with pytest.raises(PostRefused) as refused:
        posts.appoint(unit=cast.grid, person=cast.stranger, duty=Duty.OFFICER, since=cast.now, is_primary=True)
    assert refused.value.code == "post_one_primary_officer"
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.officer


def test_sw_4_the_database_rejects_a_second_primary_whoever_writes_it(cast: Cast) -> None:
    period = DateTimeTZRange(cast.now, None)
    with pytest.raises(IntegrityError, match="post_one_primary_officer"), transaction.atomic():
        Post.objects.create(unit=cast.grid, person=cast.stranger, duty="officer", is_primary=True, period=period)


def test_sw_4_a_vacant_grid_is_listed_and_not_forbidden(cast: Cast) -> None:
    post = Post.objects.get(unit=cast.grid, is_primary=True)
    posts.relieve(post=post, at=cast.now)
    assert list(selectors.vacancies([cast.district.pk], cast.now)) == [cast.grid]
    assert selectors.primary_officer(cast.grid.pk, cast.now) is None
    assert not selectors.vacancies([cast.other_town.pk], cast.now).exists()
    assert not selectors.vacancies([cast.district.pk], cast.now - DAY).exists()


def test_the_next_officer_takes_over_at_the_very_moment(cast: Cast) -> None:
    posts.relieve(post=Post.objects.get(unit=cast.grid, is_primary=True), at=cast.now)
    posts.appoint(unit=cast.grid, person=cast.stranger, duty=Duty.OFFICER, since=cast.now, is_primary=True)
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.stranger
    assert selectors.primary_officer(cast.grid.pk, cast.now - timedelta(microseconds=1)) == cast.officer
    assert not permissions.allows(cast.officer, Right.SETTLE, cast.grid, now=cast.now)
    assert permissions.allows(cast.stranger, Right.SETTLE, cast.grid, now=cast.now)


def test_nobody_is_officer_and_supervisor_of_one_grid(cast: Cast) -> None:
    with pytest.raises(PostRefused) as refused:
        posts.appoint(unit=cast.second_grid, person=cast.second_officer, duty=Duty.SUPERVISOR, since=cast.now)
    assert refused.value.code == "post_officer_not_supervisor"
    posts.appoint(unit=cast.second_grid, person=cast.officer, duty=Duty.SUPERVISOR, since=cast.now)


def test_one_post_is_not_held_twice_at_a_time(cast: Cast) -> None:
    with pytest.raises(PostRefused) as refused:
        posts.appoint(unit=cast.village, person=cast.village_clerk, duty=Duty.CLERK, since=cast.now)
    assert refused.value.code == "post_held_once"


@pytest.mark.parametrize("duty", list(Duty))
def test_each_duty_stands_only_at_its_kinds_of_unit(cast: Cast, duty: Duty) -> None:
    places = [cast.district, cast.town, cast.village, cast.grid, cast.department, cast.office]
    for unit in places:
        period = DateTimeTZRange(cast.now + 400 * DAY, None)
        post = Post(unit=unit, person=cast.stranger, duty=duty, period=period)
        if unit.kind in KINDS_OF_DUTY[duty]:
            post.save()
        else:
            with pytest.raises(IntegrityError, match="post_duty_fits_unit"), transaction.atomic():
                post.save()


def test_the_profile_limits_the_officers_of_a_grid(cast: Cast) -> None:
    with pytest.raises(PostRefused) as refused:
        posts.appoint(unit=cast.grid, person=cast.stranger, duty=Duty.OFFICER, since=cast.now)
    assert refused.value.code == "post_surplus"
    DistrictProfile.objects.create(district=cast.district, officers_per_grid=2)
    posts.appoint(unit=cast.grid, person=cast.stranger, duty=Duty.OFFICER, since=cast.now)
    with pytest.raises(PostRefused):
        posts.appoint(unit=cast.grid, person=cast.second_officer, duty=Duty.OFFICER, since=cast.now)


def test_officers_one_after_the_other_are_not_counted_together(cast: Cast) -> None:
    DistrictProfile.objects.create(district=None, officers_per_grid=2)
    first, second = cast.now + DAY, cast.now + 2 * DAY
    posts.appoint(unit=cast.grid, person=cast.stranger, duty=Duty.OFFICER, since=first, until=second)
    posts.appoint(unit=cast.grid, person=cast.second_officer, duty=Duty.OFFICER, since=second)
    with pytest.raises(PostRefused):
        posts.appoint(unit=cast.grid, person=cast.third_officer, duty=Duty.OFFICER, since=cast.now)


def test_many_officers_with_one_primary_are_allowed_where_the_profile_says_so(cast: Cast) -> None:
    _many_officers(cast)
    for person in (cast.stranger, cast.second_officer, cast.third_officer):
        posts.appoint(unit=cast.grid, person=person, duty=Duty.OFFICER, since=cast.now)
    assert len(selectors.people_with_duty(cast.grid.pk, [Duty.OFFICER], cast.now)) == 4
    assert selectors.primary_officer(cast.grid.pk, cast.now) == cast.officer


def test_an_import_is_all_or_nothing(cast: Cast) -> None:
    rows = [
        Appointment(unit=cast.department.pk, person=cast.stranger.pk, duty=Duty.HANDLER),
        Appointment(unit=cast.grid.pk, person=cast.stranger.pk, duty=Duty.OFFICER),
    ]
    with pytest.raises(PostRefused):
        posts.appoint_all(appointments=rows, since=cast.now, now=cast.now)
    assert not Post.objects.filter(person=cast.stranger).exists()
    assert permissions.visible_prefixes(cast.stranger, now=cast.now) == []


def test_a_post_that_never_began_leaves_an_empty_period(cast: Cast) -> None:
    post = posts.appoint(unit=cast.department, person=cast.stranger, duty=Duty.HANDLER, since=cast.now + DAY)
    ended = posts.relieve(post=post, at=cast.now)
    assert ended.period.isempty
    assert Post.objects.filter(pk=post.pk).exists(), "ended, never deleted"
    assert Person.objects.get(pk=cast.stranger.pk).rights_due_at is None


def test_relieving_twice_changes_nothing(cast: Cast) -> None:
    post = posts.relieve(post=Post.objects.get(unit=cast.grid, is_primary=True), at=cast.now)
    again = posts.relieve(post=post, at=cast.now + DAY)
    assert again.period.upper == cast.now


def test_a_transfer_moves_the_person_at_one_moment(cast: Cast) -> None:
    posts.relieve(post=Post.objects.get(unit=cast.second_grid, is_primary=True), at=cast.now)
    old = Post.objects.get(unit=cast.grid, is_primary=True)
    new = posts.transfer(post=old, unit=cast.second_grid, at=cast.now, now=cast.now)
    assert new.is_primary
    assert permissions.units_with_right(cast.officer, Right.SETTLE, now=cast.now) == [cast.second_grid.pk]


def test_only_an_administrator_appoints_and_relieves(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        posts.appoint(
            unit=cast.department, person=cast.stranger, duty=Duty.HANDLER, since=cast.now, actor=cast.district_head
        )
    post = posts.appoint(
        unit=cast.department, person=cast.stranger, duty=Duty.HANDLER, since=cast.now, actor=cast.administrator
    )
    with pytest.raises(PermissionDenied):
        posts.relieve(post=post, at=cast.now + DAY, actor=cast.handler)


@pytest.mark.parametrize("case", ["backwards", "inactive", "retired"])
def test_posts_that_make_no_sense_are_refused(cast: Cast, case: str) -> None:
    until = None
    if case == "backwards":
        until = cast.now
    if case == "inactive":
        cast.stranger.is_active = False
    if case == "retired":
        Unit.objects.filter(pk=cast.department.pk).update(retired_at=cast.now)
    with pytest.raises(PostRefused):
        posts.appoint(unit=cast.department, person=cast.stranger, duty=Duty.HANDLER, since=cast.now, until=until)


def test_a_secondment_gives_rights_for_its_time_and_no_longer(cast: Cast) -> None:
    begin, end = cast.now + DAY, cast.now + 3 * DAY
    posts.appoint(
        unit=cast.department,
        person=cast.stranger,
        duty=Duty.HANDLER,
        since=begin,
        until=end,
        origin="市应急管理局",
        now=cast.now,
    )
    assert not UnitUserPermission.objects.filter(user=cast.stranger).exists()

    assert posts.regrant_due(begin - timedelta(seconds=1)) == 0
    assert posts.regrant_due(begin) == 1
    assert permissions.allows(cast.stranger, Right.TAKE, cast.department, now=begin)
    assert not permissions.allows(cast.stranger, Right.TAKE, cast.department, now=end), "even before the sweep"
    assert posts.regrant_due(end) == 1
    assert not UnitUserPermission.objects.filter(user=cast.stranger).exists()
    assert posts.regrant_due(end + 9 * DAY) == 0


def test_a_district_belongs_to_every_post(cast: Cast) -> None:
    assert set(Post.objects.values_list("district", flat=True)) == {"511111"}


@pytest.mark.django_db(transaction=True)
def test_sw_4_of_two_primaries_at_once_one_is_refused(cast: Cast) -> None:
    posts.relieve(post=Post.objects.get(unit=cast.grid, is_primary=True), at=cast.now)
    DistrictProfile.objects.create(district=cast.district, officers_per_grid=None)
    start, outcomes = threading.Barrier(2), []

    def appoint(person: Person, *, carefully: bool) -> None:
        try:
            start.wait(timeout=10)
            if carefully:
                posts.appoint(unit=cast.grid, person=person, duty=Duty.OFFICER, since=cast.now, is_primary=True)
            else:
                period = DateTimeTZRange(cast.now, None)
                Post.objects.create(unit=cast.grid, person=person, duty="officer", is_primary=True, period=period)
            outcomes.append("appointed")
        except (PostRefused, IntegrityError, OperationalError):
            # Two bare inserts may also meet as a deadlock, which the database ends by refusing one of them.
            outcomes.append("refused")
        finally:
            connection.close()

    for carefully in (True, False):
        outcomes.clear()
        start.reset()
        threads = [
            threading.Thread(target=appoint, args=[person], kwargs={"carefully": carefully})
            for person in (cast.stranger, cast.second_officer)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert sorted(outcomes) == ["appointed", "refused"]
        assert Post.objects.filter(unit=cast.grid, is_primary=True, period__contains=cast.now).count() == 1
        posts.relieve(post=Post.objects.get(unit=cast.grid, is_primary=True, period__contains=cast.now), at=cast.now)


def test_unit_kinds_have_someone_to_lead_them() -> None:
    assert KINDS_OF_DUTY[Duty.HEAD] == frozenset(UnitKind)
