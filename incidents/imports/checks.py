"""Row by row: what it would become, or every reason why it cannot be taken. No query.

All rows are looked at before anything is decided, so that one run names everything that is missing in a mapping.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from django.utils.translation import gettext as _

from incidents.imports import moments
from incidents.imports.files import Row, SourceFile
from incidents.imports.mapping import BY_CODE, BY_POINT, BY_VALUES, KEEP_FIRST, Choice, Mapping
from incidents.imports.refused import Fault, Reason
from incidents.imports.targets import Targets
from incidents.models.imports import MOST_OF_A_NUMBER, MOST_OF_A_VALUE
from incidents.states import FINAL_STATES, State
from incidents.words import MOST_CHARACTERS, MOST_OF_AN_ADDRESS

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds between two moments of one record must fit a clock; 9999-12-31 for "never" does not.
LONGEST = timedelta(days=50 * 366)
_SPACES = re.compile(r"[ \t]+")


@dataclass(slots=True)
class Draft:
    """One record on its way to become an incident. `place` is empty while its grid is still to be found by point."""

    line: int
    number: str
    opened: datetime
    due: datetime | None
    closed: datetime | None
    state: State
    category_id: int | None
    urgency: str
    caller: str
    text: str
    address: str
    place: str
    otherwise: str
    lonlat: tuple[float, float] | None
    accuracy_m: float | None
    status: str
    category: str
    facts: dict[str, str]
    boundary_id: int | None = None
    located_by: str = ""
    distance_m: float | None = None


@dataclass
class Looked:
    """What the rows of a file turned out to be.

    `repeats` are rows that repeat another row entirely, `further` rows that have its number and other content where
    the mapping keeps the first: pairs of their line and the first one's. `unknown` counts values by column.
    """

    read: int = 0
    drafts: list[Draft] = field(default_factory=list)
    rejects: dict[int, list[Fault]] = field(default_factory=dict)
    repeats: list[tuple[int, int]] = field(default_factory=list)
    further: list[tuple[int, int]] = field(default_factory=list)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    by_rule: Counter[str] = field(default_factory=Counter)

    def reject(self, line: int, *faults: Fault) -> None:
        self.rejects.setdefault(line, []).extend(faults)


def look(file: SourceFile, rows: Iterable[Row], mapping: Mapping, targets: Targets, *, now: datetime) -> Looked:
    """Every row of the file as a draft or a reject."""
    looked, seen = Looked(), _Seen(mapping)
    for row in rows:
        looked.read += 1
        if row.fault:
            looked.reject(row.line, row.fault)
            continue
        given = {name: value.strip() for name, value in zip(file.header, row.fields, strict=True)}
        if seen.stands_already(row, given, looked):
            continue
        record = _Record(row.line, given, mapping, targets, looked, now)
        draft = record.draft()
        if record.faults:
            looked.reject(row.line, *record.faults)
        else:
            looked.drafts.append(draft)
    if seen.contradicted:
        looked.drafts = [draft for draft in looked.drafts if draft.line not in looked.rejects]
    return looked


class _Seen:
    """Which numbers stood on which line with which content."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.lines: dict[str, dict[bytes, int]] = {}
        self.contradicted = False

    def stands_already(self, row: Row, given: dict[str, str], looked: Looked) -> bool:
        """Whether the row adds nothing to an earlier one with its number; what it is to that one is noted."""
        number = given[self.mapping.number]
        if not number:
            return False
        content = blake2b("\x1f".join(row.fields).encode(), digest_size=12).digest()
        known = self.lines.setdefault(number, {})
        if content in known:
            looked.repeats.append((row.line, known[content]))
            return True
        first = next(iter(known.values()), None)
        known[content] = row.line
        if first is None:
            return False
        if self.mapping.same_number == KEEP_FIRST:
            looked.further.append((row.line, first))
            return True
        # Nobody can tell which of them is right, so neither is taken; both are looked at.
        looked.reject(row.line, _contradiction(number, first))
        if len(known) == 2:
            looked.reject(first, _contradiction(number, row.line))
        self.contradicted = True
        return False


def _contradiction(number: str, line: int) -> Fault:
    return Fault(Reason.DUPLICATE, _("%(number)s, also on line %(line)d") % {"number": number, "line": line})


class _Record:
    """One row on its way to a draft; `faults` collects every reason against it."""

    def __init__(
        self, line: int, given: dict[str, str], mapping: Mapping, targets: Targets, looked: Looked, now: datetime
    ) -> None:
        self.line, self.given, self.mapping, self.targets = line, given, mapping, targets
        self.looked, self.now = looked, now
        self.faults: list[Fault] = []

    def draft(self) -> Draft:
        """The draft; of no use where there are faults."""
        mapping = self.mapping
        opened, due, closed = self._times()
        state = self._state(closed)
        category = self._choice(mapping.category)
        place, otherwise = self._places()
        lonlat = self._lonlat()
        if lonlat is None and not place:
            # Nothing to look for on the map: what the mapping says for the rest, or nowhere.
            place = otherwise
            if not place and not self._is_unplaced_already():
                self._fault(Reason.NO_PLACE)
        return Draft(
            line=self.line,
            number=self._number(),
            opened=opened or EARLIEST,
            due=due,
            closed=closed,
            state=state or State.REPORTED,
            category_id=self.targets.categories.get(category or ""),
            urgency=self._choice(mapping.urgency) or "",
            caller=self._choice(mapping.caller) or "",
            text=self._text(),
            address=self._address(),
            place=place,
            otherwise=otherwise,
            lonlat=lonlat,
            accuracy_m=self._accuracy(),
            status=self._kept_value(mapping.state.column),
            category=self._kept_value(mapping.category.column),
            facts={name: self._kept_value(name) for name in mapping.kept},
        )

    def _fault(self, reason: Reason, about: str = "") -> None:
        self.faults.append(Fault(reason, about))

    def _is_unplaced_already(self) -> bool:
        return any(fault.reason in (Reason.COORDINATES, Reason.UNKNOWN, Reason.EMPTY) for fault in self.faults)

    def _value(self, column: str) -> str:
        return self.given[column] if column else ""

    def _kept_value(self, column: str) -> str:
        value = self._value(column)
        if len(value) > MOST_OF_A_VALUE:
            self._fault(Reason.VALUE_LENGTH, f"{column}: {len(value)} > {MOST_OF_A_VALUE}")
        return value

    def _number(self) -> str:
        number = self._value(self.mapping.number)
        if not number:
            self._fault(Reason.NUMBER)
        elif len(number) > MOST_OF_A_NUMBER:
            self._fault(Reason.NUMBER_LENGTH, f"{len(number)} > {MOST_OF_A_NUMBER}")
        return number

    # -- times ------------------------------------------------------------------------------------------------

    def _times(self) -> tuple[datetime | None, datetime | None, datetime | None]:
        mapping = self.mapping
        opened = self._moment(mapping.opened)
        due = self._moment(mapping.due, is_due=True)
        ended = next((name for name in mapping.closed if self._value(name)), "")
        closed = self._moment(ended)
        if opened is None:
            if not self._value(mapping.opened):
                self._fault(Reason.NO_OPENED)
            return None, due, closed
        if opened < EARLIEST or any(at and abs(at - opened) > LONGEST for at in (due, closed)):
            self._fault(Reason.SPAN)
        if opened > self.now or (closed and closed > self.now):
            self._fault(Reason.FUTURE)
        if closed and closed < opened:
            self._fault(Reason.CLOSED_BEFORE_OPENED)
        if due and due < opened:
            self._fault(Reason.DUE_BEFORE_OPENED)
        return opened, due, closed

    def _moment(self, column: str, *, is_due: bool = False) -> datetime | None:
        text = self._value(column)
        if not text:
            return None
        found = moments.moment(text, self.mapping.reading, is_due=is_due)
        if isinstance(found, Fault):
            self._fault(found.reason, f"{column}: {found.about}")
            return None
        if found.by_rule:
            self.looked.by_rule[found.by_rule] += 1
        return found.at

    def _state(self, closed: datetime | None) -> State | None:
        mapping = self.mapping
        if not mapping.state.column:
            return State(mapping.ended_state if closed else mapping.open_state)
        name = self._choice(mapping.state)
        if name is None:
            return None
        state = State(name)
        if state in FINAL_STATES and closed is None and not self._has_bad_end():
            self._fault(Reason.NO_END, self._value(mapping.state.column))
        if state not in FINAL_STATES and closed is not None:
            self._fault(Reason.END_OF_OPEN, self._value(mapping.state.column))
        return state

    def _has_bad_end(self) -> bool:
        """Whether there is an end, but one that could not be read: that is said already."""
        return any(self._value(name) for name in self.mapping.closed)

    # -- values -----------------------------------------------------------------------------------------------

    def _choice(self, choice: Choice) -> str | None:
        """What the mapping says for the value in the row; an unknown one is counted and refused."""
        given = self._value(choice.column)
        found = choice.find(given)
        if found is None and choice.column:
            self._unknown(choice.column, given)
        return found

    def _unknown(self, column: str, given: str) -> None:
        self.looked.unknown.setdefault(column, Counter())[given[:MOST_OF_A_VALUE]] += 1
        if given:
            self._fault(Reason.UNKNOWN, f"{column}: {given[:MOST_OF_A_VALUE]}")
        else:
            self._fault(Reason.EMPTY, column)

    def _text(self) -> str:
        parts = [(literal, self._value(name)) for literal, name in self.mapping.template]
        text = "".join(literal + _SPACES.sub(" ", value) for literal, value in parts).strip()
        if not any(value for _literal, value in parts):
            self._fault(Reason.TEXT_EMPTY)
        elif len(text) > MOST_CHARACTERS and self.mapping.cuts_text:
            return text[: MOST_CHARACTERS - 1] + "…"
        elif len(text) > MOST_CHARACTERS:
            self._fault(Reason.TEXT_LENGTH, f"{len(text)} > {MOST_CHARACTERS}")
        return text

    def _address(self) -> str:
        address = self._value(self.mapping.address)
        if len(address) > MOST_OF_AN_ADDRESS:
            self._fault(Reason.ADDRESS_LENGTH, f"{len(address)} > {MOST_OF_AN_ADDRESS}")
        return address

    # -- places -----------------------------------------------------------------------------------------------

    def _places(self) -> tuple[str, str]:
        """The unit by name if that is asked for before any point, and the unit where no point leads anywhere."""
        mapping = self.mapping
        default = self.targets.place(mapping.unit.default or "") or ""
        ways = mapping.unit_ways
        named = self._named_unit() if {BY_VALUES, BY_CODE} & set(ways) else ""
        if ways[0] == BY_POINT:
            return "", named or default
        if named:
            return named, ""
        if BY_POINT not in ways:
            return default, ""
        return "", default

    def _named_unit(self) -> str:
        mapping = self.mapping
        given = self._value(mapping.unit.column)
        code: str | None = given
        if BY_VALUES in mapping.unit_ways:
            # The default is for what no way leads to, not for what the table does not know.
            code = mapping.unit.values.get(given.casefold() if mapping.unit.ignore_case else given)
        found = self.targets.place(code) if code else None
        may_be_without = mapping.unit.default is not None or BY_POINT in mapping.unit_ways
        if found is None and (given or not may_be_without):
            self._unknown(mapping.unit.column, given)
        return found or ""

    def _lonlat(self) -> tuple[float, float] | None:
        mapping = self.mapping
        longitude, latitude = self._value(mapping.longitude), self._value(mapping.latitude)
        if not longitude and not latitude:
            return None
        try:
            found = float(longitude), float(latitude)
        except ValueError:
            self._fault(Reason.COORDINATES, f"{longitude[:30]}, {latitude[:30]}")
            return None
        if not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90):
            self._fault(Reason.COORDINATES, f"{longitude[:30]}, {latitude[:30]}")
            return None
        return found

    def _accuracy(self) -> float | None:
        text = self._value(self.mapping.accuracy_m)
        try:
            found = float(text) if text else None
        except ValueError:
            found = -1.0
        if found is not None and not 0 <= found < 1e6:
            self._fault(Reason.COORDINATES, f"{self.mapping.accuracy_m}: {text[:30]}")
            return None
        return found
