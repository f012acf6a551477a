"""Units: the list, one of them, what lies above and below, its outline, and the grid that holds a position."""

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from grids import datums, directory, outlines, permissions, selectors
from grids.api import paging
from grids.api.endpoints import Endpoint, FileNegotiation
from grids.api.fields import UNIT_CODE, CodeField, NumberField, Strict, UnitRef, WordsField, address, moment, unit_ref
from grids.api.paging import PageQuestion, page_of
from grids.datums import Datum
from grids.duties import Duty
from grids.levels import BoundaryBasis, GridKind, UnitKind, kind_of_code
from grids.models import Unit
from grids.subtrees import covers, within

CODE = (UNIT_CODE, "The code of a unit.")
# A tier with the bodies that serve it.
LEVELS: dict[str, tuple[UnitKind, ...]] = {
    "province": (UnitKind.PROVINCE,),
    "city": (UnitKind.CITY,),
    "district": (UnitKind.DISTRICT, UnitKind.DEPARTMENT),
    "town": (UnitKind.TOWN, UnitKind.OFFICE),
    "village": (UnitKind.VILLAGE,),
    "grid": (UnitKind.GRID,),
}


class UnitQuestion(PageQuestion):
    kind = serializers.MultipleChoiceField(choices=UnitKind.values, required=False)
    level = serializers.ChoiceField(list(LEVELS), required=False, help_text="a tier with the bodies that serve it")
    under = CodeField(required=False, help_text="this unit and all below it")
    parent = CodeField(required=False, help_text="directly below this unit")
    q = WordsField(required=False, max_length=60, help_text="words of the name, or how the code begins")
    retired = serializers.BooleanField(required=False, help_text="retired ones too")


class UnitRow(UnitRef):
    """A unit as a list tells it."""

    full_name = serializers.CharField()
    kind_name = serializers.CharField()
    parent = serializers.CharField(allow_null=True, help_text="the code of the unit above")
    retired_at = serializers.DateTimeField(allow_null=True)


class PostShape(serializers.Serializer):
    duty = serializers.ChoiceField(Duty.values)
    duty_name = serializers.CharField()
    name = serializers.CharField()
    is_primary = serializers.BooleanField()
    phone = serializers.CharField(allow_blank=True)


class Above(UnitRef):
    in_sight = serializers.BooleanField()


class UnitLinks(serializers.Serializer):
    children = serializers.CharField()
    boundary = serializers.CharField(allow_null=True)


class UnitDetail(UnitRow):
    """A unit as its page tells it."""

    above = Above(many=True, help_text="the widest first")
    grid_kind = serializers.ChoiceField(["", *GridKind.values])
    boundary_basis = serializers.ChoiceField(["", *BoundaryBasis.values])
    address = serializers.CharField(allow_blank=True)
    duty_phone = serializers.CharField(allow_blank=True)
    duty_contact = serializers.CharField(allow_null=True)
    posts = PostShape(many=True)
    vacant = serializers.ListField(child=serializers.ChoiceField(Duty.values), help_text="duties that wait for someone")
    heirs = UnitRef(many=True, help_text="who carries on the work of a retired unit")
    links = UnitLinks()


class PositionQuestion(Strict):
    lon = NumberField(min_value=-180, max_value=180)
    lat = NumberField(min_value=-90, max_value=90)
    datum = serializers.ChoiceField(Datum.choices, required=False, default=Datum.WGS84.value)


class UnitAt(serializers.Serializer):
    """The grid that holds a position."""

    unit = UnitRef()
    located_by = serializers.ChoiceField(["inside", "tie", "nearest"])
    distance_m = serializers.FloatField()
    in_sight = serializers.BooleanField(help_text="whether its url may be opened")


class Outline(serializers.Serializer):
    """A GeoJSON FeatureCollection; empty for a place without an outline."""

    type = serializers.ChoiceField(["FeatureCollection"])
    features = serializers.ListField(child=serializers.DictField())


class UnitList(Endpoint):
    """Units in sight."""

    tag = "units"
    names = {"GET": "listUnits"}
    asks = {"GET": UnitQuestion}
    gives = {"GET": {200: page_of(UnitRow)}}

    def get(self, request: Request) -> Response:
        """The units in sight, in the order of their codes."""
        asked = self.asked
        prefixes = permissions.visible_prefixes(self.person, now=self.now)
        found = Unit.objects.filter(within(prefixes))
        if asked.get("q"):
            found = directory.search_units(prefixes, asked["q"], with_retired=True).select_related(None)
        if not asked.get("retired"):
            found = found.filter(retired_at__isnull=True)
        if asked.get("kind"):
            found = found.filter(kind__in=asked["kind"])
        if asked.get("level"):
            found = found.filter(kind__in=LEVELS[asked["level"]])
        if asked.get("under"):
            found = found.filter(within([asked["under"]]))
        if asked.get("parent"):
            found = found.filter(parent=asked["parent"])
        page = paging.page(found, ("code",), asked)
        rows = [_row(unit) for unit in page.rows]
        return Response(paging.answer(page, rows, "units/", request.query_params))


class UnitOne(Endpoint):
    """One unit."""

    tag = "units"
    names = {"GET": "getUnit"}
    gives = {"GET": {200: UnitDetail}}
    path_words = {"code": CODE}

    def get(self, request: Request, code: str) -> Response:
        """One unit: who serves it, whom to call, what lies above and below."""
        door = directory.door(self.person, _code(code), now=self.now)
        unit = door.unit
        roster = directory.roster(unit, self.now)
        body = unit.kind in (UnitKind.DEPARTMENT, UnitKind.OFFICE)
        return Response(
            _row(unit)
            | {
                "above": [unit_ref(above) | {"in_sight": seen} for above, seen in door.path],
                "grid_kind": unit.grid_kind,
                "boundary_basis": unit.boundary_basis,
                "address": unit.address,
                "duty_phone": unit.duty_phone,
                "duty_contact": unit.duty_contact.full_name if unit.duty_contact else None,
                "posts": [_post(post, row.label) for row in roster for post in row.posts],
                "vacant": [row.duty.value for row in roster if row.vacant],
                "heirs": [unit_ref(heir) for heir in directory.heirs_of(unit)] if unit.is_retired else [],
                "links": {
                    "children": address("units/", parent=unit.pk),
                    "boundary": None if body else address(f"units/{unit.pk}/boundary/"),
                },
            }
        )


class UnitBoundary(Endpoint):
    """The outline of a place."""

    tag = "units"
    names = {"GET": "getUnitBoundary"}
    gives = {"GET": {(200, "application/geo+json"): Outline}}
    path_words = {"code": CODE}
    content_negotiation_class = FileNegotiation

    def get(self, request: Request, code: str) -> HttpResponse:
        """The outline of a place in force now, as a GeoJSON FeatureCollection of one, in CGCS2000."""
        unit = directory.door(self.person, _code(code), now=self.now).unit
        found = selectors.boundaries_geojson(unit.pk, [UnitKind(unit.kind)], at=self.now, only=[unit.pk])
        return HttpResponse(found, content_type="application/geo+json")


class UnitAtPosition(Endpoint):
    """Which grid holds a position."""

    tag = "units"
    names = {"GET": "findUnitAt"}
    asks = {"GET": PositionQuestion}
    gives = {"GET": {200: UnitAt}}
    refuses = {"GET": (404,)}

    def get(self, request: Request) -> Response:
        """The grid that holds a position, or the nearest within 200 m, in the districts that the person serves."""
        asked = self.asked
        point = datums.lonlat_to_cgcs2000(asked["lon"], asked["lat"], asked["datum"])
        hit = selectors.grid_at(point)
        prefixes = permissions.visible_prefixes(self.person, now=self.now)
        known = [*prefixes, *outlines.seen_by(self.person, prefixes, now=self.now)]
        if hit is None or not covers(known, hit.unit_code):
            raise Http404(_("No grid holds this position."))
        told = {"unit": unit_ref(selectors.unit(hit.unit_code)), "located_by": hit.located_by}
        seen = covers(prefixes, hit.unit_code)
        return Response(told | {"distance_m": hit.distance_m or 0.0, "in_sight": seen})


def _code(code: str) -> str:
    """A code that can be asked for, else Http404."""
    if kind_of_code(code) is None:
        raise Http404
    return code


def _row(unit: Unit) -> dict[str, Any]:
    return unit_ref(unit) | {
        "full_name": unit.name,
        "kind_name": str(unit.get_kind_display()),
        "parent": unit.parent_id,
        "retired_at": moment(unit.retired_at),
    }


def _post(post: Any, duty: str) -> dict[str, Any]:
    return {
        "duty": post.duty,
        "duty_name": duty,
        "name": post.person.full_name,
        "is_primary": post.is_primary,
        "phone": post.person.phone,
    }
