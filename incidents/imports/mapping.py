"""What a mapping file says, read from TOML and checked as far as that goes without the database. Pure.

Every fault of a file is named at once. docs/imports.md explains each key; docs/imports/ holds two whole examples.
"""

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from grids.datums import Datum
from incidents.imports import moments
from incidents.imports.files import AUTO
from incidents.imports.moments import Reading
from incidents.imports.refused import MappingRefused
from incidents.models import IncidentKind, Source
from incidents.states import IMPORTED_STATES, State, Urgency

REFUSE, KEEP_FIRST = "refuse", "first"
WAYS = BY_POINT, BY_VALUES, BY_CODE = "point", "values", "code"

# Sections and keys; what is not here is a slip of the pen.
_KEYS: dict[str, frozenset[str]] = {
    "file": frozenset({"encoding", "delimiter"}),
    "import": frozenset({"district", "kind", "same_number"}),
    "columns": frozenset({"number", "opened", "due", "closed", "address", "longitude", "latitude", "accuracy_m"}),
    "time": frozenset({"zone", "formats", "ambiguous", "skipped", "due_lasts_the_day"}),
    "text": frozenset({"template", "cut"}),
    "state": frozenset({"column", "values", "default", "ignore_case", "ended", "open"}),
    "category": frozenset({"column", "values", "default", "ignore_case", "dictionary"}),
    "unit": frozenset({"by", "column", "values", "default", "ignore_case"}),
    "urgency": frozenset({"column", "values", "default", "ignore_case"}),
    "caller": frozenset({"column", "values", "default", "ignore_case"}),
    "point": frozenset({"datum"}),
    "keep": frozenset({"columns"}),
}


@dataclass(frozen=True)
class Choice:
    """A column whose values are translated by a table; what is in neither table nor default is unknown."""

    section: str
    column: str = ""
    values: Table[str, str] = field(default_factory=dict)
    default: str | None = None
    ignore_case: bool = False

    def find(self, given: str) -> str | None:
        """What `given` stands for; None when the mapping does not say. Without a column always the default."""
        if not self.column:
            return self.default
        return self.values.get(given.casefold() if self.ignore_case else given, self.default)


@dataclass(frozen=True)
class Mapping:
    """How the columns of a file become incidents."""

    text_of_file: str
    encoding: str
    delimiter: str
    district: str
    kind: IncidentKind
    same_number: str
    number: str
    opened: str
    due: str
    closed: tuple[str, ...]
    address: str
    longitude: str
    latitude: str
    accuracy_m: str
    reading: Reading
    template: tuple[tuple[str, str], ...]
    cuts_text: bool
    state: Choice
    ended_state: str
    open_state: str
    category: Choice
    dictionary: str
    unit_ways: tuple[str, ...]
    unit: Choice
    urgency: Choice
    caller: Choice
    datum: Datum
    kept: tuple[str, ...]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Every column the mapping names, with where it does."""
        single = ("number", "opened", "due", "address", "longitude", "latitude", "accuracy_m")
        named = [(f"columns.{name}", getattr(self, name)) for name in single]
        named += [("columns.closed", name) for name in self.closed]
        named += [("text.template", name) for _literal, name in self.template]
        named += [(f"{choice.section}.column", choice.column) for choice in self.choices]
        named += [("keep.columns", name) for name in self.kept]
        return [(where, name) for where, name in named if name]

    @property
    def choices(self) -> tuple[Choice, ...]:
        return (self.state, self.category, self.unit, self.urgency, self.caller)

    def lacking(self, header: tuple[str, ...]) -> list[str]:
        """One sentence for each column that the file does not have."""
        words = _("%(where)s: the file has no column %(name)s.")
        return [words % {"where": where, "name": name} for where, name in self.columns if name not in header]


def read(path: Path) -> Mapping:
    """The mapping in a TOML file. Raises MappingRefused with everything that is wrong in it."""
    try:
        return parsed(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise MappingRefused([_("%(file)s cannot be read: %(what)s.") % {"file": path.name, "what": error}]) from error


def parsed(text: str) -> Mapping:
    """The mapping in a TOML text. Raises MappingRefused with everything that is wrong in it."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingRefused([_("Not TOML: %(what)s.") % {"what": error}]) from error
    return _Reader(text, given).mapping()


def template_pieces(template: str) -> tuple[tuple[str, str], ...]:
    """The template as pairs of a literal text and the column that follows it, or none.

    Raises ValueError when it is none or asks for more than a column's text.
    """
    pieces = []
    for literal, name, spec, conversion in Formatter().parse(template):
        if name is not None and (not name or spec or conversion):
            raise ValueError(name)
        pieces.append((literal, name or ""))
    return tuple(pieces)


class _Reader:
    """Takes a parsed file apart, collecting what is wrong."""

    def __init__(self, text: str, given: dict[str, Any]) -> None:
        self.text, self.given = text, given
        self.faults: list[str] = []
        self._refuse_unknown_keys()

    def mapping(self) -> Mapping:
        state = self._choice("state", sorted(each.value for each in IMPORTED_STATES))
        made = Mapping(
            text_of_file=self.text,
            encoding=self._text("file", "encoding", default=AUTO),
            delimiter=self._text("file", "delimiter", default=","),
            district=self._text("import", "district", needed=True),
            kind=IncidentKind(self._one_of("import", "kind", IncidentKind.values, IncidentKind.INCIDENT.value)),
            same_number=self._one_of("import", "same_number", [REFUSE, KEEP_FIRST], REFUSE),
            number=self._text("columns", "number", needed=True),
            opened=self._text("columns", "opened", needed=True),
            due=self._text("columns", "due"),
            closed=self._texts("columns", "closed"),
            address=self._text("columns", "address"),
            longitude=self._text("columns", "longitude"),
            latitude=self._text("columns", "latitude"),
            accuracy_m=self._text("columns", "accuracy_m"),
            reading=self._reading(),
            template=self._template(),
            cuts_text=self._flag("text", "cut"),
            state=state,
            ended_state=self._one_of("state", "ended", [State.CLOSED, State.DISMISSED, State.VOIDED], ""),
            open_state=self._one_of("state", "open", [State.REPORTED, State.ACCEPTED], ""),
            category=self._choice("category", None),
            dictionary=self._text("category", "dictionary"),
            unit_ways=self._texts("unit", "by"),
            unit=self._choice("unit", None),
            urgency=self._choice("urgency", Urgency.values, Urgency.NORMAL.value),
            caller=self._choice("caller", Source.values, Source.FEED.value),
            datum=Datum(self._one_of("point", "datum", Datum.values, Datum.WGS84.value)),
            kept=self._texts("keep", "columns"),
        )
        self._check_together(made)
        if self.faults:
            raise MappingRefused(self.faults)
        return made

    def _refuse_unknown_keys(self) -> None:
        for section, content in self.given.items():
            if section not in _KEYS:
                self._fault(section, _("there is no such section"))
            elif not isinstance(content, dict):
                self._fault(section, _("a section is needed"))
            else:
                for key in content.keys() - _KEYS[section]:
                    self._fault(f"{section}.{key}", _("there is no such key"))

    def _check_together(self, made: Mapping) -> None:
        """What no key can tell by itself."""
        if len(made.delimiter) != 1:
            self._fault("file.delimiter", _("one character is needed"))
        if bool(made.longitude) != bool(made.latitude):
            self._fault("columns", _("longitude and latitude belong together"))
        if bool(made.state.column) == bool(made.ended_state or made.open_state):
            self._fault("state", _("either a column with values, or both `ended` and `open`"))
        elif not made.state.column and not (made.ended_state and made.open_state):
            self._fault("state", _("both `ended` and `open` are needed"))
        if not made.closed and not made.state.column:
            self._fault("columns.closed", _("needed, as the state follows from it"))
        if made.category.column == "" and made.category.default is None:
            self._fault("category", _("a column or a default is needed"))
        self._check_unit(made)

    def _check_unit(self, made: Mapping) -> None:
        ways = made.unit_ways
        unknown = [way for way in ways if way not in (BY_POINT, BY_VALUES, BY_CODE)]
        if unknown or not ways:
            self._fault(
                "unit.by", _("one or more of: %(names)s") % {"names": ", ".join((BY_POINT, BY_VALUES, BY_CODE))}
            )
        if BY_POINT in ways and not made.longitude:
            self._fault("unit.by", _("`point` needs columns.longitude and columns.latitude"))
        if {BY_VALUES, BY_CODE} & set(ways) and not made.unit.column:
            self._fault("unit.column", _("needed for `values` and `code`"))
        if {BY_VALUES, BY_CODE} <= set(ways):
            self._fault("unit.by", _("`values` and `code` exclude each other"))

    def _reading(self) -> Reading:
        zone = self._text("time", "zone", needed=True)
        found = ZoneInfo("UTC")
        if zone:
            try:
                found = ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._fault("time.zone", _("there is no time zone %(name)s") % {"name": zone})
        formats = self._texts("time", "formats") or (moments.ISO,)
        for form in formats:
            if form != moments.ISO and "%Y" not in form and "%y" not in form and "%c" not in form:
                self._fault("time.formats", _("%(form)s tells no year") % {"form": form})
        return Reading(
            zone=found,
            formats=formats,
            ambiguous=self._one_of("time", "ambiguous", moments.AMBIGUOUS_RULES, moments.REJECT),
            skipped=self._one_of("time", "skipped", moments.SKIPPED_RULES, moments.REJECT),
            due_lasts_the_day=self._flag("time", "due_lasts_the_day"),
        )

    def _template(self) -> tuple[tuple[str, str], ...]:
        template = self._text("text", "template", needed=True)
        try:
            pieces = template_pieces(template)
        except ValueError:
            self._fault("text.template", _("only names of columns may stand in braces"))
            return ()
        if template and not any(name for _literal, name in pieces):
            self._fault("text.template", _("it names no column"))
        return pieces

    def _choice(self, section: str, allowed: list[str] | None, default: str | None = None) -> Choice:
        values = self._get(section, "values", {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            self._fault(f"{section}.values", _("a table of texts is needed"))
            values = {}
        ignore_case = self._flag(section, "ignore_case")
        stated = self._get(section, "default", default)
        if stated is not None and not isinstance(stated, str):
            self._fault(f"{section}.default", _("a text is needed"))
            stated = None
        for key, value in [*values.items(), *([("default", stated)] if stated else [])]:
            if allowed is not None and value not in allowed:
                words = {"value": value, "names": ", ".join(allowed)}
                self._fault(f"{section}: {key}", _("%(value)s is none of: %(names)s") % words)
        column = self._text(section, "column")
        if values and not column:
            self._fault(f"{section}.column", _("needed, as there are values"))
        table = {(key.casefold() if ignore_case else key): value for key, value in values.items()}
        return Choice(section, column, table, stated, ignore_case)

    def _get(self, section: str, key: str, default: Any = None) -> Any:
        content = self.given.get(section, {})
        return content.get(key, default) if isinstance(content, dict) else default

    def _text(self, section: str, key: str, *, default: str = "", needed: bool = False) -> str:
        value = self._get(section, key, default)
        if not isinstance(value, str):
            self._fault(f"{section}.{key}", _("a text is needed"))
            return default
        if needed and not value:
            self._fault(f"{section}.{key}", _("needed"))
        return value

    def _texts(self, section: str, key: str) -> tuple[str, ...]:
        value = self._get(section, key, [])
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self._fault(f"{section}.{key}", _("a text or a list of texts is needed"))
            return ()
        return tuple(found)

    def _flag(self, section: str, key: str) -> bool:
        value = self._get(section, key, False)
        if not isinstance(value, bool):
            self._fault(f"{section}.{key}", _("true or false is needed"))
        return value is True

    def _one_of(self, section: str, key: str, allowed: Any, default: str) -> str:
        value = self._get(section, key, default)
        names = [str(each) for each in allowed]
        if value != default and value not in names:
            words = {"value": value, "names": ", ".join(names)}
            self._fault(f"{section}.{key}", _("%(value)s is none of: %(names)s") % words)
            return default
        return str(value)

    def _fault(self, where: str, what: str) -> None:
        self.faults.append(f"{where}: {what}")
