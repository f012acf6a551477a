"""What an incident can be about."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from grids import permissions
from grids.api import paging
from grids.api.endpoints import Endpoint
from grids.api.fields import WordsField, address
from grids.api.paging import PageQuestion, page_of
from grids.levels import district_of
from incidents import catalogue
from incidents.api.keys import PATTERN, KeyField, key_of
from incidents.models import Category


class CategoryQuestion(PageQuestion):
    parent = KeyField(required=False, help_text="directly below this one")
    q = WordsField(required=False, max_length=40, help_text="words of the name, or search words")


class CategoryRow(serializers.Serializer):
    """A category; `selectable` where incidents are given to it and not to one below it."""

    key = serializers.CharField()
    url = serializers.CharField()
    code = serializers.CharField()
    standard = serializers.CharField(help_text="the dictionary the code comes from")
    name = serializers.CharField()
    parent = serializers.CharField(allow_null=True)
    selectable = serializers.BooleanField()


def _all(view: Endpoint) -> list[Category]:
    """The categories in use in the districts the person has sight of, in the order of the list."""
    seen = permissions.visible_prefixes(view.person, now=view.now)
    rows = catalogue.categories(sorted({district_of(prefix) for prefix in seen}))
    return list(rows.order_by("position", "code", "pk"))


def _told(row: Category, by_id: dict[int, Category], families: set[int | None]) -> dict[str, Any]:
    above = by_id.get(row.parent_id or 0)
    key = key_of(row)
    return {
        "key": key,
        "url": address(f"categories/{key}/"),
        "code": row.code,
        "standard": row.standard_ref,
        "name": row.label,
        "parent": key_of(above) if above else None,
        "selectable": row.pk not in families,
    }


class CategoryList(Endpoint):
    """Categories."""

    tag = "categories"
    names = {"GET": "listCategories"}
    asks = {"GET": CategoryQuestion}
    gives = {"GET": {200: page_of(CategoryRow)}}

    def get(self, request: Request) -> Response:
        """The categories in use, narrowed by words or to those below one."""
        rows = _all(self)
        by_id, families = {row.pk: row for row in rows}, {row.parent_id for row in rows}
        told = [(row, _told(row, by_id, families)) for row in sorted(rows, key=lambda row: row.pk)]
        if self.asked.get("parent"):
            told = [each for each in told if each[1]["parent"] == self.asked["parent"]]
        for word in self.asked.get("q", "").split():
            told = [each for each in told if word in f"{each[0].name} {each[0].name_en} {each[0].keywords}"]
        page = paging.part(told, self.asked, lambda each: each[0].pk)
        rows_told = [each[1] for each in page.rows]
        return Response(paging.answer(page, rows_told, "categories/", request.query_params))


class CategoryOne(Endpoint):
    """One category."""

    tag = "categories"
    names = {"GET": "getCategory"}
    gives = {"GET": {200: CategoryRow}}
    path_words = {"key": (PATTERN, "The key of a category.")}

    def get(self, request: Request, key: str) -> Response:
        """One category."""
        rows = _all(self)
        by_id, families = {row.pk: row for row in rows}, {row.parent_id for row in rows}
        for row in rows:
            if key_of(row) == key:
                return Response(_told(row, by_id, families))
        raise Http404
