"""How an import says no: why a row cannot be taken, why a mapping or a file cannot be used. No query."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """Why one row is not taken."""

    FIELDS = "fields", _("more or fewer fields than the header")
    QUOTES = "quotes", _("the quotation marks do not match, or a field is far too long")
    UNREADABLE = "unreadable", _("characters that cannot be read or kept")
    NUMBER = "number", _("no original number")
    NUMBER_LENGTH = "number_length", _("the original number is too long")
    DUPLICATE = "duplicate", _("the same number with other content")
    TIME = "time", _("a time that fits none of the formats")
    NO_OPENED = "no_opened", _("no time of the report")
    GAP = "gap", _("a local time that the clocks skipped")
    AMBIGUOUS = "ambiguous", _("a local time that the clocks showed twice")
    SPAN = "span", _("a time too far off")
    FUTURE = "future", _("a time in the future")
    CLOSED_BEFORE_OPENED = "closed_before_opened", _("ended before it was reported")
    DUE_BEFORE_OPENED = "due_before_opened", _("due before it was reported")
    NO_END = "no_end", _("ended by its status, but without a time of the end")
    END_OF_OPEN = "end_of_open", _("open by its status, but with a time of the end")
    UNKNOWN = "unknown", _("a value the mapping does not know")
    EMPTY = "empty", _("an empty value for which the mapping has no default")
    TEXT_EMPTY = "text_empty", _("no text")
    TEXT_LENGTH = "text_length", _("the text is too long")
    ADDRESS_LENGTH = "address_length", _("the address is too long")
    VALUE_LENGTH = "value_length", _("a value to be kept is too long")
    COORDINATES = "coordinates", _("coordinates that are none")
    NO_PLACE = "no_place", _("no unit by any of the ways the mapping names")


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason for one row, with what it is about."""

    reason: Reason
    about: str = ""

    def __str__(self) -> str:
        return f"{self.reason.label}: {self.about}" if self.about else str(self.reason.label)


class ImportRefused(Exception):
    """Nothing was written. `lines` say why, one sentence each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = [str(line) for line in lines]
        super().__init__("\n".join(self.lines))


class MappingRefused(ImportRefused):
    """The mapping cannot be used; every fault in it is named."""
