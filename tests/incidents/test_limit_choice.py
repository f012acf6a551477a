"""Which limit applies to what: the page ranks as the clocks do, and says why."""

from itertools import product

from incidents import limit_choice, limits
from incidents.limit_choice import Case
from incidents.models import Category, TimeLimit, TimeUnit
from incidents.states import Stage, Urgency
from tests.incidents.story import Story


def add(story: Story, **about) -> TimeLimit:
    terms = {"stage": Stage.HANDLE, "amount": 3, "unit": TimeUnit.HOUR}
    return limits.set_limit(limit=TimeLimit(**{**terms, **about}), now=story.now)


def test_the_rule_shown_as_the_winner_is_the_one_the_clocks_use_in_every_case(story: Story) -> None:
    leaf = Category.objects.filter(parent__isnull=False).order_by("pk").first()
    assert leaf is not None
    district = story.cast.district
    add(story, category=leaf, amount=5)
    add(story, category=leaf.parent, urgency=Urgency.URGENT, tier="town")
    add(story, district=district)
    add(story, tier="village", amount=7)
    now = story.later(minutes=1)
    for category, tier in product((None, leaf.pk, leaf.parent_id), ("village", "town", "district")):
        case = Case(district=district.pk, category=category, urgency=Urgency.NORMAL, tier=tier)
        for (stage, urgency), choice in limit_choice.matrix(case, at=now, of=TimeLimit).items():
            used = limits.rule_for(
                district_id=district.pk, category_id=category, urgency=urgency, stage=stage, tier=tier, at=now
            )
            assert choice.winner is not None and choice.winner.pk == used.limit_id, (category, tier, stage, urgency)


def test_each_rule_says_in_what_it_is_special(story: Story) -> None:
    leaf = Category.objects.filter(parent__isnull=False).order_by("pk").first()
    assert leaf is not None
    add(story, category=leaf.parent)
    add(story, category=leaf, tier="village")
    case = Case(district=story.cast.district.pk, category=leaf.pk, urgency=Urgency.NORMAL, tier="village")
    choice = limit_choice.choose(case, Stage.HANDLE, at=story.later(minutes=1), of=TimeLimit)
    assert [len(one.reasons) for one in choice.candidates] == [2, 1, 0]


def test_a_rule_that_is_special_in_as_many_ways_is_warned_of(story: Story) -> None:
    add(story, urgency=Urgency.URGENT, stage=Stage.CHECK)
    behind = add(story, tier="village", stage=Stage.CHECK)
    case = Case(district=story.cast.district.pk, category=None, urgency=Urgency.URGENT, tier="village")
    at = story.later(minutes=1)
    assert [one.rule for one in limit_choice.choose(case, Stage.CHECK, at=at, of=TimeLimit).rivals] == [behind]
    assert limit_choice.choose(case, Stage.OVERALL, at=at, of=TimeLimit).rivals == []
