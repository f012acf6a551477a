"""Every route of the site, read from the URL configuration, and its address on one side of the world."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver

from governance import urls
from tests.rights.world import World

_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(\w+)>")
# Files that anybody may load, and the pages that show the kit of parts while developing.
LEFT_OUT = re.compile(r"^(static|__debug__|styleguide)")

# Routes that are asked for in more than one way, because a value of theirs has a right of its own.
VARIANTS: dict[str, list[tuple[tuple[str, str], ...]]] = {
    "incidents:photo": [(("size", "shown"),), (("size", "original"),)],
    "api:photo": [(("size", "shown"),), (("size", "original"),)],
}


@dataclass(frozen=True)
class Route:
    """One address pattern: its full name (`dispatch:desk`), and the pattern as it stands in the configuration."""

    name: str
    pattern: str
    variant: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The name under which a decision stands: a variant's values follow the name of the route."""
        return " ".join([self.name, *(value for _name, value in self.variant)])

    @property
    def values(self) -> list[str]:
        return [a or b for a, b in _GROUP.findall(self.pattern)]

    def address(self, world: World, scope: str) -> str:
        """The path with the side's own numbers, codes and keys."""
        path = self.pattern
        for name in self.values:
            value = dict(self.variant).get(name) or str(filling(self.name, name, world, scope))
            path = _GROUP.sub(value.replace("\\", r"\\"), path, count=1)
        return "/" + re.sub(r"[\^$\\]", "", path)


@cache
def routes() -> tuple[Route, ...]:
    """All of them, in the order of the configuration."""
    return tuple(route for route in _walk(get_resolver(urls.__name__), "", ()) if not LEFT_OUT.match(route.pattern))


def _walk(resolver: URLResolver, before: str, spaces: tuple[str, ...]) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = before + re.sub(r"^\^|\$$|\\Z$", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _walk(pattern, path, inner)
        elif isinstance(pattern, URLPattern):
            name = ":".join((*spaces, pattern.name or path))
            for variant in VARIANTS.get(name, [()]):
                yield Route(name, path, variant)


def filling(route: str, value: str, world: World, scope: str) -> object:
    """What stands for `value` in an address of `route`; raises KeyError for a value nobody has thought of."""
    side = world.side(scope)
    special: dict[tuple[str, str], object] = {
        ("dispatch:desk", "code"): side.town,
        ("dispatch:several", "code"): side.town,
        ("dispatch:several", "name"): "accept",
        ("dispatch:move", "name"): "recall",
        ("dispatch:order_act", "name"): "sign",
        ("dispatch:decide", "name"): "grant",
        ("dispatch:card_act", "name"): "reply_card",
        ("dispatch:notice", "pk"): side.notice,
        ("dispatch:address_act", "pk"): side.address,
        ("dispatch:address_act", "name"): "off",
        ("dispatch:audience_edit", "kind"): "report",
        ("api:unit_boundary", "code"): side.grid,
        ("api:category", "key"): side.category,
        ("api:problem", "name"): "not-found",
        ("api:token", "id"): "zz",
        ("api:assignment", "id"): side.order,
        ("api:actions", "id"): side.order,
        ("api:card", "id"): side.card,
        ("api:card_actions", "id"): side.card,
        ("api:notice", "id"): side.notice,
        ("api:notice_read", "id"): side.notice,
        ("grids:relieve", "pk"): side.post,
        ("grids:force_new", "code"): side.grid,
        ("grids:force_end", "pk"): side.force,
        ("grids:routine_new", "code"): side.grid,
        ("grids:routine_end", "pk"): side.routine,
        ("incidents:walk", "pk"): side.routine,
    }
    if route.startswith("studio:") and value == "pk":
        return side.plan
    usual: dict[str, object] = {
        "number": side.incident.number,
        "code": side.village,
        "order_id": side.order,
        "request_id": side.request,
        "wish_id": 0,
        "card_id": side.card,
        "clock_id": side.clock,
        "token": side.photo,
        "pk": side.person,
        "key": "0123456789abcdef",
        "key_id": side.wall_key,
        "calendar_id": side.calendar,
        "secret": side.wall_secret,
        "scope": side.town[:6],
        "revision": "0123456789abcdef",
        "layer": "vec",
        "zoom": 5,
        "column": 25,
        "row": 13,
        "app_label": "incidents",
        "content_type_id": 1,
        "object_id": 1,
        "url": "zz",
    }
    return special[route, value] if (route, value) in special else usual[value]


def body_of(route: str, world: World, scope: str) -> dict[str, object]:
    """What a program sends to `route`: too little where that is refused only by who may, never by what is missing."""
    side = world.side(scope)
    bodies: dict[str, dict[str, object]] = {
        "api:moves": {"move": "recall", "seq": side.incident.seq},
        "api:actions": {"action": "sign", "seq": side.order_seq},
        "api:card_actions": {"action": "reply", "note": "已安排", "seq": side.card_seq},
    }
    return bodies.get(route, {})
