"""Categories by a key that people and programs can read: the dictionary and the code in it, `sichuan-grid:0202`."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from incidents import catalogue
from incidents.models import Category

PATTERN = r"^[0-9A-Za-z._-]{1,60}:[0-9A-Za-z._-]{1,24}$"
_ODD = re.compile(r"[^0-9A-Za-z._]+")


def key_of(row: Category) -> str:
    """The key of a category; its dictionary's name without what cannot stand in an address."""
    return f"{_ODD.sub('-', row.standard_ref).strip('-')}:{row.code}"


class KeyField(serializers.RegexField):
    """The key of a category."""

    default_error_messages = {"invalid": _("This is no key of a category: it looks like sichuan-grid:0202.")}

    def __init__(self, **named: object) -> None:
        super().__init__(PATTERN, max_length=90, **named)

    def to_internal_value(self, data: object) -> str:
        return str(super().to_internal_value(data)) if isinstance(data, str) else self.fail("invalid")


def category_for(key: str, districts: Iterable[str], *, field: str = "category") -> Category:
    """The category in use there with this key, a district's own before the common one; one query.

    Raises ValidationError naming `field` if there is none.
    """
    code = key.partition(":")[2]
    rows = catalogue.categories(districts).filter(code=code).select_related("parent")
    mine = sorted((row for row in rows if key_of(row) == key), key=lambda row: row.district_id is None)
    if not mine:
        said = ErrorDetail(str(_("There is no such category.")), "no_category")
        raise serializers.ValidationError({field: [said]})
    return mine[0]
