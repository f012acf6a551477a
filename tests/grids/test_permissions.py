"""Rights come from posts in force; sight flows down, action stays put."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids import permissions
from grids.duties import Duty, Right
from grids.models import Person, Post, UnitUserPermission
from tests.cast import Cast


def test_sight_flows_down(cast: Cast) -> None:
    for unit in (cast.town, cast.village, cast.sibling_village, cast.grid, cast.fourth_grid, cast.office):
        assert permissions.allows(cast.town_clerk, Right.VIEW, unit, now=cast.now)
    for unit in (cast.district, cast.other_town, cast.other_village, cast.department):
        assert not permissions.allows(cast.town_clerk, Right.VIEW, unit, now=cast.now)


def test_action_stays_put(cast: Cast) -> None:
    assert permissions.acting_duty(cast.town_clerk, Right.HANDLE, cast.town, now=cast.now) is Duty.CLERK
    assert permissions.acting_duty(cast.town_clerk, Right.HANDLE, cast.village, now=cast.now) is None
    assert permissions.acting_duty(cast.village_clerk, Right.HANDLE, cast.sibling_village, now=cast.now) is None
    assert permissions.acting_duty(cast.handler, Right.TAKE, cast.other_department, now=cast.now) is None


def test_an_officer_reports_and_settles_in_the_own_grid_only(cast: Cast) -> None:
    assert permissions.acting_duty(cast.officer, Right.REPORT, cast.grid, now=cast.now) is Duty.OFFICER
    assert permissions.allows(cast.officer, Right.SETTLE, cast.grid, now=cast.now)
    assert not permissions.allows(cast.assistant, Right.SETTLE, cast.grid, now=cast.now)
    assert not permissions.allows(cast.officer, Right.SETTLE, cast.second_grid, now=cast.now)
    assert permissions.allows(cast.village_clerk, Right.REPORT, cast.grid, now=cast.now), "for any grid of the village"


def test_a_right_needs_the_grant_and_the_post_in_force(cast: Cast) -> None:
    assert not permissions.allows(cast.officer, Right.SETTLE, cast.grid, now=cast.since - timedelta(days=1))
    UnitUserPermission.objects.filter(user=cast.officer).delete()
    assert not permissions.allows(cast.officer, Right.SETTLE, cast.grid, now=cast.now)


def test_a_grant_written_by_hand_gives_nothing_without_a_post(cast: Cast) -> None:
    from guardian.shortcuts import assign_perm

    assign_perm("grids.handle_here", cast.stranger, cast.village)
    assert not permissions.allows(cast.stranger, Right.HANDLE, cast.village, now=cast.now)


def test_closed_accounts_and_strangers_have_nothing(cast: Cast) -> None:
    cast.officer.is_active = False
    for nobody in (cast.officer, cast.stranger, AnonymousUser()):
        assert not permissions.allows(nobody, Right.VIEW, cast.grid, now=cast.now)
        assert permissions.visible_prefixes(nobody, now=cast.now) == []
        assert permissions.units_with_right(nobody, Right.VIEW, now=cast.now) == []
        with pytest.raises(PermissionDenied):
            permissions.require(nobody, Right.VIEW, cast.grid, now=cast.now)


def test_the_keeper_of_the_installation_sees_all_and_acts_nowhere(cast: Cast) -> None:
    keeper = Person.objects.create_superuser("keeper", "x")
    assert permissions.visible_prefixes(keeper, now=cast.now) == [""]
    assert permissions.require(keeper, Right.ADMINISTER, cast.district, now=cast.now) is Duty.ADMINISTRATOR
    assert not permissions.allows(keeper, Right.HANDLE, cast.village, now=cast.now)


def test_several_posts_give_the_few_shortest_prefixes(cast: Cast) -> None:
    from grids import posts

    posts.appoint(unit=cast.village, person=cast.town_clerk, duty=Duty.OBSERVER, since=cast.now)
    posts.appoint(unit=cast.other_village, person=cast.town_clerk, duty=Duty.OBSERVER, since=cast.now)
    assert permissions.visible_prefixes(cast.town_clerk, now=cast.now) == [cast.town.pk, cast.other_village.pk]


def test_a_right_is_decided_by_one_query(cast: Cast) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert permissions.allows(cast.village_clerk, Right.HANDLE, cast.village, now=cast.now)
        assert permissions.allows(cast.district_head, Right.VIEW, cast.grid, now=cast.now)
    assert len(queries) == 2


@pytest.mark.parametrize("right", list(Right))
def test_every_right_is_a_permission_guardian_knows(cast: Cast, right: Right) -> None:
    assert Post._meta.app_label == "grids"
    from django.contrib.auth.models import Permission

    assert Permission.objects.filter(codename=right.value, content_type__app_label="grids").exists()
