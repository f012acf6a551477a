"""The administration shows places and changes none."""

import pytest
from django.test import Client
from django.urls import reverse

from grids.models import Boundary, DistrictProfile, Person, Plan
from tests.cast import Cast

SHOWN = ["unit", "succession", "post", "plan", "boundary"]


@pytest.fixture
def keeper(cast: Cast, client: Client) -> Client:
    client.force_login(Person.objects.create_superuser("keeper", "x"), backend="grids.backends.PersonBackend")
    return client


@pytest.mark.parametrize("model", SHOWN)
def test_lists_are_shown_and_nothing_can_be_added(keeper: Client, model: str) -> None:
    assert keeper.get(reverse(f"admin:grids_{model}_changelist")).status_code == 200
    assert keeper.get(reverse(f"admin:grids_{model}_add")).status_code == 403


def test_a_boundary_is_shown_and_cannot_be_changed_or_deleted(keeper: Client) -> None:
    for row in (Boundary.objects.first(), Plan.objects.first()):
        assert row is not None
        name = f"admin:grids_{row._meta.model_name}"
        page = keeper.get(reverse(f"{name}_change", args=[row.pk]))
        assert page.status_code == 200
        assert "<textarea" not in page.content.decode()
        assert keeper.post(reverse(f"{name}_change", args=[row.pk]), {"kind": "town"}).status_code == 403
        assert keeper.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_a_districts_profile_is_edited(keeper: Client, cast: Cast) -> None:
    given = {
        "district": cast.district.pk,
        "officers_per_grid": "",
        "supervisors_per_grid": "1",
        "recheck_share": "0.1",
        "reopen_days": "30",
        "suspension_days": "90",
        "urge_hours": "4",
    }
    assert keeper.post(reverse("admin:grids_districtprofile_add"), given).status_code == 302
    profile = DistrictProfile.objects.get(district=cast.district)
    assert profile.officers_per_grid is None
    assert not profile.town_dispatch
