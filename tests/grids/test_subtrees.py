"""A subtree is a range of an index, on a tree as large as a metropolis."""

import json

import pytest
from django.db import connection
from django.db.models import QuerySet

from grids import permissions, posts
from grids.duties import Duty
from grids.levels import UnitKind
from grids.models import Person, Post, Unit
from grids.subtrees import within
from tests.cast import NOW

TREE = """
insert into grids_unit (code, kind, name, short_name, parent_id, grid_kind, boundary_basis, address, duty_phone,
                        created_at)
select code, kind, code, '', parent, case when kind = 'grid' then 'comprehensive' else '' end, '', '', '', now()
from (
  select '50' as code, 'province' as kind, null as parent
  union all select '5001', 'city', '50'
  union all select '5001' || lpad(d::text, 2, '0'), 'district', '5001' from generate_series(1, 38) d
  union all select '5001' || lpad(d::text, 2, '0') || lpad((100 + t)::text, 3, '0'), 'town',
                   '5001' || lpad(d::text, 2, '0') from generate_series(1, 38) d, generate_series(1, 27) t
  union all select '5001' || lpad(d::text, 2, '0') || lpad((100 + t)::text, 3, '0') || lpad(v::text, 3, '0'), 'village',
                   '5001' || lpad(d::text, 2, '0') || lpad((100 + t)::text, 3, '0')
            from generate_series(1, 38) d, generate_series(1, 27) t, generate_series(1, 11) v
  union all select '5001' || lpad(d::text, 2, '0') || lpad((100 + t)::text, 3, '0') || lpad(v::text, 3, '0')
                     || lpad(g::text, 3, '0'), 'grid',
                   '5001' || lpad(d::text, 2, '0') || lpad((100 + t)::text, 3, '0') || lpad(v::text, 3, '0')
            from generate_series(1, 38) d, generate_series(1, 27) t, generate_series(1, 11) v, generate_series(1, 6) g
) tree
"""


def _plan(rows: "QuerySet[Unit] | QuerySet[Post]") -> str:
    return json.dumps(json.loads(rows.explain(format="json")))


@pytest.fixture
def metropolis(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TREE)
        cursor.execute("analyze grids_unit")


@pytest.mark.usefixtures("metropolis")
def test_qy_1_a_town_sees_only_its_subtree_by_a_range_of_the_index() -> None:
    assert Unit.objects.filter(kind=UnitKind.GRID).count() > 62_000
    clerk = Person.objects.create_user("clerk", full_name="乙一")
    posts.appoint(unit=Unit.objects.get(pk="500112105"), person=clerk, duty=Duty.CLERK, since=NOW)

    prefixes = permissions.visible_prefixes(clerk, now=NOW)
    seen = Unit.objects.filter(within(prefixes))

    assert prefixes == ["500112105"]
    assert seen.count() == 1 + 11 + 66
    assert all(code.startswith("500112105") for code in seen.values_list("pk", flat=True))
    plan = _plan(seen)
    assert "Index Cond" in plan
    assert "Seq Scan" not in plan
    grids = seen.filter(kind=UnitKind.GRID).order_by("code")[:50]
    assert "Seq Scan" not in _plan(grids)


@pytest.mark.usefixtures("metropolis")
def test_qy_1_foreign_keys_are_ranges_too_without_a_join() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into grids_person (username, full_name, password, phone, language, is_superuser,"
            " is_active, is_staff, is_demo, must_change_password, created_at) values"
            " ('x', 'x', '', '', '', false, true, false, false, false, now())"
        )
        cursor.execute(
            "insert into grids_post (unit_id, person_id, duty, is_primary, origin, period, created_at)"
            " select code, (select max(id) from grids_person), 'officer', true, '',"
            " tstzrange(now(), null), now() from grids_unit where kind = 'grid'"
        )
        cursor.execute("analyze grids_post")
    held = Post.objects.filter(within(["500112105", "500113"], "unit"))
    assert held.count() == 66 + 27 * 11 * 6
    plan = _plan(Post.objects.filter(within(["500112105"], "unit")))
    assert "grids_unit" not in plan.replace("grids_unit_", "")
    assert "Seq Scan" not in plan


def test_nothing_and_everything(db: None) -> None:
    assert not Unit.objects.filter(within([])).exists()
    assert str(Unit.objects.filter(within([""])).query) == str(Unit.objects.all().query)
