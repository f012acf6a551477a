"""The page of a unit, the tree, and what a stranger gets."""

import pytest
from django.test import Client
from django.urls import reverse

from grids import posts
from grids.models import Person, Post
from grids.subtrees import within
from tests.cast import Cast

QUERIES = 20


@pytest.fixture
def visit(client: Client):
    def as_(person: Person, name: str, *args, **query):
        client.force_login(person)
        return client.get(reverse(name, args=args), query)

    return as_


def test_a_unit_shows_its_path_its_people_and_what_lies_below(cast: Cast, visit) -> None:
    text = visit(cast.town_head, "grids:unit", cast.town.pk).content.decode()
    assert "沙湾镇" in text and cast.town.pk in text
    for person in (cast.town_head, cast.town_clerk, cast.town_duty_chief):
        assert person.full_name in text
    assert reverse("grids:unit", args=[cast.village.pk]) in text
    assert reverse("grids:unit", args=[cast.office.pk]) in text
    # The district above is named, but this person may not open it.
    assert "沙湾区" in text
    assert f'href="{reverse("grids:unit", args=[cast.district.pk])}"' not in text


@pytest.mark.parametrize(
    "name", ["grids:unit", "grids:people", "grids:below", "grids:ended_posts", "incidents:at_unit"]
)
def test_who_does_not_see_a_unit_gets_the_same_answer_as_for_one_that_is_not_there(
    cast: Cast, visit, name: str
) -> None:
    for person in (cast.stranger, cast.other_town_clerk, cast.handler, cast.sibling_clerk):
        assert visit(person, name, cast.village.pk).status_code == 404
    assert visit(cast.district_head, name, "511111199").status_code == 404


def test_somebody_signed_out_is_sent_to_the_sign_in_page(cast: Cast, client: Client) -> None:
    answer = client.get(reverse("grids:unit", args=[cast.village.pk]))
    assert answer.status_code == 302 and reverse("login") in answer["Location"]


@pytest.mark.parametrize("who", ["district_head", "observer", "auditor", "town_head", "village_clerk", "officer"])
def test_who_only_looks_finds_no_button_and_no_door(cast: Cast, visit, client: Client, who: str) -> None:
    person, unit = getattr(cast, who), cast.grid
    text = visit(person, "grids:unit", unit.pk).content.decode()
    post = Post.objects.get(unit=unit, person=cast.officer)
    for name, args in (("appoint", [unit.pk]), ("person_new", [unit.pk]), ("relieve", [post.pk])):
        address = reverse(f"grids:{name}", args=args)
        assert address not in text
        assert client.get(address).status_code == 404
        assert client.post(address, {"duty": "assistant", "person": cast.stranger.pk}).status_code == 404


def test_sw_4_a_grid_without_manager_shows_red_to_the_administrator(cast: Cast, visit) -> None:
    posts.relieve(post=Post.objects.get(unit=cast.third_grid, is_primary=True), at=cast.now)
    for name, args in (("unit", [cast.third_grid.pk]), ("unit", [cast.sibling_village.pk]), ("units", [])):
        text = visit(cast.administrator, f"grids:{name}", *args).content.decode()
        assert 'class="vacant"' in text
    listed = visit(cast.administrator, "grids:units", vacant="1").content.decode()
    assert cast.third_grid.pk in listed and cast.grid.pk not in listed
    # The way out stands beside it.
    page = visit(cast.administrator, "grids:unit", cast.third_grid.pk).content.decode()
    assert reverse("grids:appoint", args=[cast.third_grid.pk]) + "?duty=officer&amp;primary=1" in page
    assert 'class="vacant"' not in visit(cast.administrator, "grids:unit", cast.grid.pk).content.decode()


def test_figures_below_a_unit_count_grids_officers_and_vacancies(cast: Cast, visit) -> None:
    posts.relieve(post=Post.objects.get(unit=cast.grid, is_primary=True), at=cast.now)
    rows = {row.unit.pk: row for row in visit(cast.administrator, "grids:unit", cast.district.pk).context["places"]}
    town = rows[cast.town.pk]
    assert (town.grids, town.officers, town.vacancies) == (4, 3, 1)
    assert [person.full_name for person in town.heads] == [cast.town_head.full_name]
    assert (rows[cast.other_town.pk].grids, rows[cast.other_town.pk].vacancies) == (1, 0)


def test_search_finds_by_name_and_by_code_within_sight_only(cast: Cast, visit) -> None:
    def found(person: Person, q: str) -> set[str]:
        return {unit.pk for unit in visit(person, "grids:units", q=q).context["found"]}

    assert found(cast.administrator, "绥山") >= {cast.sibling_village.pk, cast.third_grid.pk}
    assert found(cast.administrator, "511111D02") == {cast.other_department.pk}
    assert found(cast.village_clerk, "绥山") == set()


def test_a_long_unit_page_costs_few_queries(cast: Cast, visit, django_assert_max_num_queries, client: Client) -> None:
    client.force_login(cast.administrator)
    with django_assert_max_num_queries(QUERIES):
        client.get(reverse("grids:unit", args=[cast.district.pk]))
    with django_assert_max_num_queries(QUERIES):
        client.get(reverse("grids:units"))


def test_people_of_a_subtree_are_found_by_name_and_narrowed_by_duty(cast: Cast, visit) -> None:
    def names(**query: str) -> set[str]:
        return {
            post.person.username
            for post in visit(cast.town_head, "grids:people", cast.town.pk, **query).context["posts"]
        }

    everybody = names()
    assert "officer" in everybody and "other_officer" not in everybody
    assert names(q="甲一") == {"officer"}
    assert names(duty="clerk") == {"town_clerk", "village_clerk", "sibling_clerk"}


def test_a_long_list_of_people_is_paged_without_losing_anybody(cast: Cast, visit, monkeypatch, client: Client) -> None:
    monkeypatch.setattr("grids.views.people.PAGE", 3)
    seen, address = [], reverse("grids:people", args=[cast.town.pk])
    client.force_login(cast.town_head)
    following = ""
    for _page in range(20):
        context = client.get(address + following).context
        seen += [post.pk for post in context["posts"]]
        following = context["next_url"]
        if not following:
            break
    assert sorted(seen) == sorted(Post.objects.filter(within([cast.town.pk], "unit")).values_list("pk", flat=True))
    assert len(seen) == len(set(seen))


def test_my_grid_leads_an_officer_home_and_a_stranger_nowhere(cast: Cast, visit) -> None:
    assert visit(cast.officer, "grids:my_grid")["Location"] == reverse("grids:unit", args=[cast.grid.pk])
    assert visit(cast.stranger, "grids:my_grid").status_code == 404


@pytest.mark.parametrize("words", ["\0", "甲\0一", "x " * 2000, "%_'"])
def test_no_search_words_break_a_page(cast: Cast, visit, words: str) -> None:
    for name, args in (("grids:units", []), ("grids:people", ["511111"]), ("grids:candidates", ["511111"])):
        assert visit(cast.administrator, name, *args, q=words).status_code == 200
