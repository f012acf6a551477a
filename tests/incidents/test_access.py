"""Who sees an incident: by place, by having had it, by having taken the report; nobody else, by any door."""

import pytest
from django.http import Http404

from grids import posts
from grids.duties import Duty
from incidents import access, records
from incidents.models import Incident
from tests.incidents.story import Story


def sees(story: Story, name: str, incident: Incident) -> bool:
    person = getattr(story.cast, name)
    return access.incidents_for(person, now=story.now).filter(pk=incident.pk).exists()


def test_sight_flows_down_from_the_place_and_nowhere_else(story: Story) -> None:
    incident = story.report()
    seeing = ["officer", "assistant", "supervisor", "village_clerk", "town_clerk", "district_clerk", "observer"]
    blind = ["second_officer", "sibling_clerk", "other_town_clerk", "handler", "office_handler", "stranger"]
    assert [name for name in seeing if not sees(story, name, incident)] == []
    assert [name for name in blind if sees(story, name, incident)] == []


def test_absent_and_forbidden_are_the_same_answer(story: Story) -> None:
    incident = story.report()
    assert access.incident_for(story.cast.village_clerk, incident.number, now=story.now) == incident
    for number in (incident.number, "511111209901010000"):
        with pytest.raises(Http404):
            access.incident_for(story.cast.other_town_clerk, number, now=story.now)


def test_a_unit_that_had_it_keeps_it_in_sight_and_so_do_the_units_above(story: Story) -> None:
    incident = story.report()
    incident = story.move(incident, "transfer", story.cast.village_clerk, target_unit=story.cast.sibling_village)
    assert sees(story, "sibling_clerk", incident)
    records.open_sight(incident=incident, units=[story.cast.department.pk], why="assigned", now=story.now)
    assert sees(story, "handler", incident)
    assert not sees(story, "other_handler", incident)


def test_sw_13_the_first_receiver_keeps_sight_after_leaving_the_grid(story: Story) -> None:
    incident = story.report()
    post = story.cast.officer.posts.get()
    posts.relieve(post=post, at=story.later(days=1), now=story.now)
    assert sees(story, "officer", incident)
    assert not posts_in_force(story)


def posts_in_force(story: Story) -> bool:
    return story.cast.officer.posts.filter(period__contains=story.now, duty=Duty.OFFICER).exists()


def test_a_list_asks_one_query_for_the_scope_and_one_for_the_rows(
    story: Story, django_assert_max_num_queries: object
) -> None:
    for _turn in range(3):
        story.report()
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        assert len(access.incidents_for(story.cast.town_clerk, now=story.now)) == 3


EVERYBODY = (
    "officer", "second_officer", "supervisor", "village_clerk", "sibling_clerk", "town_clerk", "other_town_clerk",
    "district_clerk", "handler", "office_handler", "observer", "stranger",
)  # fmt: skip


@pytest.fixture
def told(story: Story) -> list[Incident]:
    """One that stayed, one that was sent to the next village, one that a department was called into."""
    stayed, sent, called_in = story.report(), story.report(), story.report()
    sent = story.move(sent, "transfer", story.cast.village_clerk, target_unit=story.cast.sibling_village)
    records.open_sight(incident=called_in, units=[story.cast.department.pk], why="assigned", now=story.now)
    return [stayed, sent, called_in]


@pytest.mark.parametrize("name", EVERYBODY)
def test_one_incident_is_in_sight_when_the_scope_holds_it(story: Story, told: list[Incident], name: str) -> None:
    person = getattr(story.cast, name)
    for incident in told:
        assert access.sees(person, incident, now=story.now) == sees(story, name, incident)


@pytest.mark.parametrize("name", EVERYBODY)
def test_the_parts_of_a_scope_share_nothing_and_make_up_the_whole(
    story: Story, told: list[Incident], name: str
) -> None:
    scope = access.parted(getattr(story.cast, name), now=story.now)
    found = [
        number for part in scope.parts for number in Incident.objects.filter(part).values_list("number", flat=True)
    ]
    assert sorted(found) == sorted(Incident.objects.filter(scope.whole).values_list("number", flat=True))


def test_the_units_of_an_incident_are_named_without_asking_again(
    story: Story, django_assert_num_queries: object
) -> None:
    incident = access.incident_for(story.cast.town_clerk, story.report().number, now=story.now)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert incident.holder == story.cast.village
        assert incident.came_from is None
        assert {incident.place_id, incident.holder_id, story.cast.town.pk} <= set(access.units_of(incident))
