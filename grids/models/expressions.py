"""Expressions that Django has no words for."""

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import GeoFunc
from django.db.models import Func


class Matches(Func):
    """The first expression matches the second as a POSIX pattern; a lookup refuses foreign keys."""

    template = "(%(expressions)s)"
    arg_joiner = " ~ "
    output_field = models.BooleanField()


class OnLattice(Func):
    """Every ordinate is the double nearest to a decimal with 7 digits (about one centimetre)."""

    template = "st_orderingequals(%(expressions)s, st_geomfromtext(st_astext(%(expressions)s, 7), 4490))"
    output_field = models.BooleanField()


class Longitude(GeoFunc):
    """Degrees east of a point."""

    function = "ST_X"
    output_field = models.FloatField()


class Latitude(GeoFunc):
    """Degrees north of a point."""

    function = "ST_Y"
    output_field = models.FloatField()
