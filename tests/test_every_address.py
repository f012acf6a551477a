"""Every address of the site, looked at by everybody with good and bad questions: no fault, and nothing changes.

What each person finds there is proven page by page; here stands what holds for all of them.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from dispatch.models import Assignment
from governance import urls
from tests.dispatch.play import Play

LOOKERS = [None, "officer", "handler", "district_dispatcher", "administrator"]
INQUISITIVE = {"officer", "administrator"}
# Bad questions: not a number, not a date, not a code, not text that a database can hold, another house.
QUESTIONS = [
    "",
    "?q=%00%27%22&page=zz&sort=--&light=%00&category=zz&state=x&after=%FF&unit=%F0%9F%98%80&duty=%00&number=%00"
    "&bbox=nan,1,2,3&lon=nan&lat=1e400&longitude=nan&latitude=inf&datum=mars&at=9999-99-99&zoom=zz&since=0000-00-00&until=9999-12-31"
    "&before=zzzz&cursor=AAAA&next=//evil.example&words=" + "x+" * 999,
]
ANSWERS = {200, 204, 302, 304, 400, 401, 403, 404, 405, 409, 422}
# What may be written by looking: who is signed in, and when the sweep ran.
MAY_CHANGE = {"django_session", "dispatch_ticker"}


@pytest.fixture
def play(story: Any) -> Play:
    return Play(story.cast)


def addresses(play: Play) -> Iterator[str]:
    """Every route filled with good and bad values, but for logging out, the styles and Django's administration."""
    incident = play.dispatched()
    order = Assignment.objects.get(incident=incident)
    clock = play.clock(incident, "overall")
    values: dict[str, list[object]] = {
        "number": [incident.number, "5111110000000"],
        "code": ["511111", "511111100001", "511111D01", "999999", "zz"],
        "name": ["recall", "accept", "zz"],
        "order_id": [order.pk, 10**17],
        "request_id": [1, 10**17],
        "clock_id": [clock.pk, 10**17],
        "token": [uuid4()],
    }
    for route in _routes(get_resolver(urls.__name__)):
        if re.search(r"logout|styleguide|admin|static", route):
            continue
        named = re.findall(r"\(\?P<(\w+)>|<(?:\w+:)?(\w+)>", route)
        most = max([len(values.get(a or b, [0, 0])) for a, b in named], default=1)
        for turn in range(most):
            address = route
            for a, b in named:
                choice = values.get(a or b, [1, 10**17])
                value = str(choice[turn % len(choice)])
                group = rf"\(\?P<{a}>(?:[^()]|\([^()]*\))*\)" if a else rf"<(?:\w+:)?{b}>"
                address = re.sub(group, value, address, count=1)
            yield "/" + re.sub(r"[\^$\\]", "", address)


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, before + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield before + str(pattern.pattern)


def everything() -> dict[str, tuple[int, str]]:
    """The number of rows of each table of ours, and a digest of them."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith(("grids_", "incidents_", "dispatch_", "guardian_")) and table not in MAY_CHANGE:
                cursor.execute(
                    f"select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t"
                )
                found[table] = cursor.fetchone()
    return found


@pytest.mark.slow
def test_looking_never_fails_changes_nothing_and_leads_nowhere_else(play: Play) -> None:
    asked = list(addresses(play))
    assert len(asked) > 80
    reached = set()
    for name in LOOKERS:
        client = Client(raise_request_exception=False)
        # How often one address may ask for a token is counted here, over all tests of the process.
        cache.clear()
        if name:
            person = getattr(play.cast, name)
            client.force_login(person)
        before = everything()
        for address in asked:
            for question in QUESTIONS if name in INQUISITIVE else QUESTIONS[:1]:
                answer = client.get(address + question)
                assert answer.status_code in ANSWERS, f"{name}: {address}{question}"
                if answer.status_code == 302:
                    assert not answer["Location"].startswith(("//", "http")), f"{name}: {address}{question}"
                if answer.status_code == 200:
                    reached.add(answer.resolver_match.view_name)
        after = everything()
        changed = {table for table in before if before[table] != after[table]}
        assert not changed, f"{name}: {changed}"
    assert {"incidents:detail", "dispatch:desk", "grids:unit", "dispatch:move"} <= reached
