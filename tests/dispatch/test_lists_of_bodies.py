"""What a department finds in the list: the same whether its few are looked up or all are walked."""

import pytest
from django.test import Client
from django.urls import reverse

from incidents import access
from incidents.models import Incident
from incidents.views import lists
from tests.dispatch.play import Play


@pytest.fixture
def handled(play: Play) -> list[Incident]:
    """Three of the department, one of them closed; one of nobody else's business; one it took the report of itself."""
    cast = play.cast
    closed = play.press(play.answered(), "close", cast.district_checker)
    made = [play.dispatched(), play.dispatched(text="路灯不亮"), closed]
    play.at_district()
    received = play.report()
    Incident.objects.filter(pk=received.pk).update(first_receiver=cast.handler)
    return [*made, received]


@pytest.mark.parametrize("many", [0, 1_000])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, (3, 1, 0)),
        ({"state": "any"}, (3, 1, 0, 2)),
        ({"state": "closed"}, (2,)),
        ({"light": "red"}, (3, 1, 0)),
        ({"q": "路灯"}, (1,)),
        ({"sort": "due"}, (0, 1, 3)),
    ],
)
def test_a_department_finds_what_it_handled_and_what_it_received(
    client: Client,
    play: Play,
    handled: list[Incident],
    monkeypatch: pytest.MonkeyPatch,
    many: int,
    query: dict[str, str],
    wanted: tuple[int, ...],
) -> None:
    monkeypatch.setattr(lists, "MANY", many)
    client.force_login(play.cast.handler)
    for rows in ({}, {"rows": "1"}):
        page = client.get(reverse("incidents:list"), {**query, **rows})
        found = [row.number for row in page.context["rows"]]
        assert set(found) == {handled[each].number for each in wanted}
        if "sort" not in query:
            assert found == [handled[each].number for each in wanted]
    assert client.get(reverse("incidents:list"), query).context["number"] == str(len(wanted))


def test_the_parts_of_a_scope_share_nothing_and_make_the_whole(play: Play, handled: list[Incident]) -> None:
    # Received and handled as well: it must not count twice.
    Incident.objects.filter(pk=handled[0].pk).update(first_receiver=play.cast.handler)
    for person in (play.cast.handler, play.cast.office_handler, play.cast.town_clerk, play.cast.officer):
        scope = access.parted(person, now=play.now)
        whole = set(Incident.objects.filter(scope.whole))
        parts = [list(Incident.objects.filter(part)) for part in scope.parts]
        assert sorted(each.pk for part in parts for each in part) == sorted(each.pk for each in whole), person
        if scope.walked is not None:
            assert set(Incident.objects.filter(scope.walked)) == whole
