"""What programs send and get: fields that refuse what cannot be kept, and the shapes several answers share."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from grids.datums import Datum
from grids.levels import kind_of_code
from grids.models import Unit

ROOT = "api/v1/"
# The largest whole number any of our columns holds.
MOST = 2**31 - 1
UNIT_CODE = r"^[0-9]{2,15}(D[0-9A-Z]{2,6})?$"


def address(path: str, **query: Any) -> str:
    """The address of something of ours, without a host: `units/511111/`."""
    asked = f"?{urlencode(query, doseq=True)}" if query else ""
    return f"{get_script_prefix()}{ROOT}{path}{asked}"


def moment(at: datetime | None) -> str | None:
    """A moment as it is told: local time with its offset, to the second."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at is not None else None


class Strict(serializers.Serializer):
    """Refuses names it does not know: a typing error in a filter must not widen a list."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(map(str, data)) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in unknown}, "unknown")
        return super().to_internal_value(data)


class NumberField(serializers.FloatField):
    """A finite number: no NaN, no infinity, no truth value."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        try:
            number = super().to_internal_value(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class WholeField(serializers.IntegerField):
    """A whole number that a column holds."""

    def __init__(self, **named: Any) -> None:
        named.setdefault("min_value", 0)
        named.setdefault("max_value", MOST)
        super().__init__(**named)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool | list | dict) or (isinstance(data, float) and not data.is_integer()):
            self.fail("invalid")
        return super().to_internal_value(data)


class WordsField(serializers.CharField):
    """Text, and only text: a number is not turned into one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class CodeField(serializers.RegexField):
    """The code of a unit, which may or may not exist."""

    default_error_messages = {"invalid": _("This is no code of a unit.")}

    def __init__(self, **named: Any) -> None:
        super().__init__(UNIT_CODE, max_length=20, **named)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data) if isinstance(data, str) else self.fail("invalid")
        if kind_of_code(code) is None:
            self.fail("invalid")
        return str(code)


class UnitRef(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    url = serializers.CharField()


def unit_ref(unit: Unit) -> dict[str, Any]:
    """A unit as other things name it."""
    return {"code": unit.pk, "name": unit.label, "kind": unit.kind, "url": address(f"units/{unit.pk}/")}


class Position(Strict):
    """A position in degrees of `datum`; `accuracy_m` in metres."""

    lon = NumberField(min_value=-180, max_value=180)
    lat = NumberField(min_value=-90, max_value=90)
    datum = serializers.ChoiceField(Datum.choices, default=Datum.WGS84.value)
    accuracy_m = NumberField(min_value=0, max_value=50_000, required=False, allow_null=True)


class PointShape(serializers.Serializer):
    """A position as it is kept: degrees of CGCS2000."""

    lon = serializers.FloatField()
    lat = serializers.FloatField()


def units_named(codes: Mapping[str, str | None]) -> dict[str, Unit]:
    """The living units of the fields that name one, by code, in one query; raises ValidationError for others."""
    wanted = {field: code for field, code in codes.items() if code}
    found = Unit.objects.in_bulk(set(wanted.values())) if wanted else {}
    errors = {
        field: [ErrorDetail(str(_("There is no such unit.")), "no_unit")]
        for field, code in wanted.items()
        if code not in found or found[code].is_retired
    }
    if errors:
        raise serializers.ValidationError(errors)
    return found
