"""What the database computes over columns for an index, and the queries that mean to use it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func


class Grams(Func):
    """Every character and every pair of neighbours in some texts, as an array: what a search for words looks up.

    Chinese words have two characters, too few for trigrams.
    """

    function = "incidents_grams"
    output_field = ArrayField(models.TextField())


class Row(Func):
    """Some values as one: rows compare from the first value to the last."""

    function = "ROW"
    output_field = models.TextField()


class Beyond(Func):
    """Whether one row comes after another; `before` turns it round. An index in that order is entered at the place."""

    template = "(%(expressions)s)"
    output_field = models.BooleanField()

    def __init__(self, one: Row, other: Row, *, before: bool = False) -> None:
        super().__init__(one, other, arg_joiner=" < " if before else " > ")


class IsOneOf(Func):
    """Whether a value is in what a subquery gives; asked once, and looked up in an index: for few values."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    output_field = models.BooleanField()
