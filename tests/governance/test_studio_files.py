"""The pages of map files: sent, looked at, begun as a plan, thrown away; and boundaries taken as a file."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grids.exchange import opening, waiting
from grids.exchange.opening import Format
from grids.models import AuditAct, AuditEntry, Person, Plan
from tests.cast import SIDE, SOUTH, WEST, Cast
from tests.grids.exchange.files import geojson, packed, town
from tests.tiling import box


@pytest.fixture
def desk(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(timezone, "now", lambda: cast.now)
    client = Client()
    client.force_login(cast.administrator)
    return client


def _send(client: Client, data: bytes, name: str = "新图.geojson", **more: str) -> Any:
    return client.post(reverse("studio:import"), {"file": SimpleUploadedFile(name, data), **more})


def _preview(client: Client, data: bytes, name: str = "新图.geojson", **more: str) -> Any:
    answer = _send(client, data, name, **more)
    assert answer.status_code == 302, answer.context["form"].errors
    return client.get(answer["Location"])


def _chosen(page: Any, **changed: Any) -> dict[str, Any]:
    """What a browser would send from the preview as it stands."""
    forms = (page.context["form"], page.context["begin"])
    given = {field.html_name: field.value() for form in forms for field in form}
    return {name: value for name, value in (given | changed).items() if value not in (None, False)}


def _moved(cast: Cast) -> dict[str, Any]:
    shapes = town(cast)
    shapes[cast.grid.pk] = box(WEST, SOUTH, WEST + SIDE * 0.8, SOUTH + SIDE)
    return shapes


def test_a_file_is_looked_at_before_a_plan_begins_from_it(cast: Cast, desk: Client) -> None:
    plans = Plan.objects.count()
    page = _preview(desk, packed(_moved(cast), Format.SHAPEFILE), "一.zip")
    body = page.content.decode()
    assert "511111100001001" in body
    assert page.context["form"]["scope"].value() == cast.town.pk, "found out from the codes"
    assert [len(page.context["shown"].faults), Plan.objects.count()] == [1, plans], "a gap, and nothing stored"
    answer = desk.post(page.request["PATH_INFO"], _chosen(page, act="begin", reason="重划", tolerance_percent=15))
    plan = Plan.objects.latest("id")
    assert answer["Location"] == reverse("studio:plan", args=[plan.pk])
    assert (plan.title, plan.reason, plan.tolerance_percent, plan.scope) == ("一", "重划", 15, cast.town)
    assert plan.areas.count() == 4
    assert desk.get(page.request["PATH_INFO"]).status_code == 404, "the file is used up"


def test_how_it_is_read_can_be_set_right_and_what_was_typed_stays(cast: Cast, desk: Client) -> None:
    data = packed(town(cast), Format.GEOJSON, "gcj02").replace(b"datum", b"mutad").replace(b'"code"', b'"nr"')
    page = _preview(desk, data, scope=cast.town.pk)
    found = page.context["shown"].compared
    assert "GCJ-02" in found.doubts[0]
    assert found.better.key == "gcj02"
    chosen = _chosen(page, read_as="gcj02", code="nr", title="我的图")
    again = desk.post(page.request["PATH_INFO"], chosen)
    assert again.status_code == 200
    assert [(state.value, number) for state, _label, number in again.context["shown"].counts if number] == [("same", 4)]
    assert again.context["shown"].compared.doubts == []
    assert again.context["begin"]["title"].value() == "我的图"
    assert again.context["form"]["system"].value() == "gcj02"


def test_a_wrong_choice_is_said_and_the_page_stays(cast: Cast, desk: Client) -> None:
    page = _preview(desk, packed(town(cast), Format.SHAPEFILE, encoding="gb18030"), "一.zip")
    again = desk.post(page.request["PATH_INFO"], _chosen(page, act="show", encoding="utf-8"))
    assert again.context["shown"].refused
    wrong = desk.post(page.request["PATH_INFO"], _chosen(page, act="begin", title="", scope="990101"))
    assert wrong.status_code == 422
    assert set(wrong.context["form"].errors) == {"scope"}
    assert Plan.objects.filter(created_by=cast.administrator).count() == 0


def test_bad_features_are_named_and_left_out_only_when_ticked(cast: Cast, desk: Client) -> None:
    features: list[Any] = [({"code": code}, shape) for code, shape in town(cast).items()]
    page = _preview(desk, geojson(*features, ({"code": "x"}, {"type": "Point", "coordinates": [1, 2]})))
    assert "Point" in page.content.decode()
    refused = desk.post(page.request["PATH_INFO"], _chosen(page, act="begin"))
    assert refused.status_code == 422
    assert "leave_out_bad" in refused.context["begin"].errors
    done = desk.post(page.request["PATH_INFO"], _chosen(page, act="begin", leave_out_bad="on"))
    assert done.status_code == 302


@pytest.mark.parametrize("data", [b"", b"%PDF", b"{}", b"PK\x03\x04zip"])
def test_a_bad_file_is_refused_at_its_field_and_leaves_nothing(cast: Cast, desk: Client, data: bytes) -> None:
    before = set(waiting._places())
    answer = _send(desk, data)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["file"]
    assert set(waiting._places()) == before


def test_a_file_that_is_too_large_is_refused(cast: Cast, desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (waiting, opening, __import__("governance.studio.files_forms", fromlist=["x"])):
        monkeypatch.setattr(module, "MOST_BYTES", 100)
    assert list(_send(desk, packed(town(cast), Format.GEOJSON)).context["form"].errors) == ["file"]


def test_a_waiting_file_is_its_senders_alone_and_gone_after_a_day(
    cast: Cast, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _preview(desk, packed(town(cast), Format.KML)).request["PATH_INFO"]
    other = Client()
    other.force_login(Person.objects.create_superuser("keeper", "x", full_name="管"))
    assert other.get(address).status_code == 404
    assert other.post(f"{address}drop/").status_code == 404
    monkeypatch.setattr(timezone, "now", lambda: cast.now + timedelta(hours=25))
    desk.force_login(cast.administrator)
    assert desk.get(address).status_code == 404
    assert waiting.sweep(now=cast.now + timedelta(hours=25)) >= 1
    monkeypatch.setattr(timezone, "now", lambda: cast.now)
    address = _preview(desk, packed(town(cast), Format.KML)).request["PATH_INFO"]
    assert desk.post(f"{address}drop/").status_code == 302
    assert desk.get(address).status_code == 404


def test_only_a_few_files_of_one_person_wait(cast: Cast, desk: Client) -> None:
    sent = [_send(desk, packed(town(cast), Format.KML))["Location"] for _n in range(waiting.MOST_OF_ONE + 2)]
    assert len([place for place in sent if desk.get(place).status_code == 200]) == waiting.MOST_OF_ONE


def test_boundaries_are_taken_with_a_reason(cast: Cast, desk: Client) -> None:
    address = reverse("studio:export_published")
    assert desk.get(address, {"scope": cast.town.pk}).context["form"]["scope"].value() == cast.town.pk
    given = {"scope": cast.town.pk, "format": "gpkg", "system": "bd09", "encoding": "utf-8", "reason": ""}
    assert list(desk.post(address, given).context["form"].errors) == ["reason"]
    taken = desk.post(address, {**given, "reason": "核对"})
    assert taken.content.startswith(b"SQLite format 3")
    assert "bd09.gpkg" in taken["Content-Disposition"]
    assert "no-store" in taken["Cache-Control"]
    assert AuditEntry.objects.filter(act=AuditAct.EXPORTED, actor=cast.administrator).count() == 1
    early = desk.post(address, {**given, "reason": "核对", "day": "2020-01-01"})
    assert (early.status_code, list(early.context["form"].errors)) == (422, ["day"])
    degrees = desk.post(address, {**given, "reason": "核对", "format": "kml", "system": "4544"})
    assert list(degrees.context["form"].errors) == ["system"]


def test_a_plan_is_taken_by_who_draws_or_approves(cast: Cast, desk: Client) -> None:
    page = _preview(desk, packed(_moved(cast), Format.GEOJSON))
    desk.post(page.request["PATH_INFO"], _chosen(page, act="begin"))
    plan = Plan.objects.latest("id")
    address = reverse("studio:export", args=[plan.pk])
    given = {"format": "geojson", "system": "cgcs2000", "encoding": "utf-8", "reason": "核对"}
    for person, status in ((cast.town_head, 200), (cast.town_clerk, 404), (cast.other_town_clerk, 404)):
        desk.force_login(person)
        assert desk.get(address).status_code == status
        assert desk.post(address, given).status_code == status
