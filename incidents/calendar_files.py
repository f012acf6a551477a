"""Special days out of a file somebody was sent: CSV as offices keep it, ICS as calendars publish it.

A file is taken whole or refused whole, with the line and the reason.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, time, timedelta

from django.utils.translation import gettext as _

from incidents.calendars import Hours, Special, SpecialKind
from incidents.reference_data import BadLine

MOST_BYTES = 1_000_000
MOST_DAYS = 400  # of one entry
NAME_MOST = 40

# How people name the kinds of a day, beside the kinds' own names.
KINDS = {
    **{kind.value: kind for kind in SpecialKind},
    "休": SpecialKind.HOLIDAY,
    "放假": SpecialKind.HOLIDAY,
    "法定节假日": SpecialKind.HOLIDAY,
    "班": SpecialKind.MAKEUP_WORKDAY,
    "补班": SpecialKind.MAKEUP_WORKDAY,
    "调休上班": SpecialKind.MAKEUP_WORKDAY,
    "本地放假": SpecialKind.LOCAL_OFF,
    "本地上班": SpecialKind.LOCAL_WORK,
}
_DATE = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.]?)(?P<month>\d\d|(?<=\D)\d)(?P=sep)(?P<day>\d\d|(?<=\D)\d)")
_WORKED, _OFF = re.compile("班"), re.compile("休|假")
_ORNAMENT = re.compile(r"[（(【\[].*?[）)】\]]|补班|调休上班|上班|班|放假|假期|休息日?|休|第\d+天.*$|[\s·:：-]+$")


def days(data: bytes, *, name: str) -> list[Special]:
    """The special days of a CSV or ICS file called `name`, sorted, each date once a layer. Raises BadLine."""
    if len(data) > MOST_BYTES:
        raise BadLine(_("%(file)s is larger than 1 MB: that is no calendar of special days.") % {"file": name})
    text = _text(data, name)
    is_ics = name.lower().endswith(".ics") or text.lstrip().upper().startswith("BEGIN:VCALENDAR")
    found: dict[tuple[date, bool], Special] = {}
    for number, special in _of_ics(text, name) if is_ics else _of_csv(text, name):
        key = special.day, special.kind.is_local
        if key in found and found[key] != special:
            raise bad(name, number, _("%(day)s stands there twice.") % {"day": special.day})
        found[key] = special
    if not found:
        raise BadLine(_("%(file)s names no day.") % {"file": name})
    return sorted(found.values(), key=lambda special: (special.day, special.kind.is_local))


def bad(name: str, number: int, reason: str) -> BadLine:
    return BadLine(_("%(file)s, line %(number)d: %(reason)s") % {"file": name, "number": number, "reason": reason})


def _text(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadLine(_("%(file)s is no text: save it as CSV or ICS.") % {"file": name})


def _of_csv(text: str, name: str) -> Iterator[tuple[int, Special]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    head = [(column or "").strip() for column in reader.fieldnames or ()]
    reader.fieldnames = head
    if not {"date", "kind"} <= set(head):
        raise bad(name, 1, _("The first line must name the columns: date,kind,festival."))
    for row in reader:
        cells = {key: (value or "").strip() for key, value in row.items() if key and not isinstance(value, list)}
        if not any(cells.values()):
            continue
        kind = KINDS.get(cells["kind"])
        if kind is None:
            known = ", ".join(kind.value for kind in SpecialKind)
            reason = _("“%(kind)s” is no kind of day; known are %(known)s.") % {"kind": cells["kind"], "known": known}
            raise bad(name, reader.line_num, reason)
        festival = (cells.get("festival") or cells.get("name") or "")[:NAME_MOST]
        provisional = cells.get("provisional", "") == "1"
        yield reader.line_num, Special(_day(cells["date"], name, reader.line_num), kind, festival, provisional)


def _day(text: str, name: str, number: int) -> date:
    try:
        found = _DATE.fullmatch(text)
        year, month, day = found.group("year", "month", "day") if found else ("", "", "")
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise bad(name, number, _("“%(text)s” is no date such as 2027-01-01.") % {"text": text}) from error


def _of_ics(text: str, name: str) -> Iterator[tuple[int, Special]]:
    """Every all-day entry, day by day; whether it is off or worked is in its summary or Apple's own line."""
    entry: dict[str, tuple[int, str]] | None = None
    for number, line in _unfolded(text):
        key, _colon, value = line.partition(":")
        key = key.partition(";")[0].upper()
        if (key, value.upper()) == ("BEGIN", "VEVENT"):
            entry = {}
        elif (key, value.upper()) == ("END", "VEVENT") and entry is not None:
            yield from _entry(entry, name, number)
            entry = None
        elif entry is not None:
            entry[key] = (number, value)
    if entry is not None:
        raise bad(name, text.count("\n") + 1, _("The file ends in the middle of an entry."))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that go on joined to the one they continue, with the number of its first."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:1] in (" ", "\t"):
            whole += line[1:]
            continue
        if whole:
            yield first, whole
        whole, first = line.strip(), number
    if whole:
        yield first, whole


def _entry(entry: dict[str, tuple[int, str]], name: str, end: int) -> Iterator[tuple[int, Special]]:
    if "DTSTART" not in entry:
        raise bad(name, end, _("An entry without a first day (DTSTART)."))
    number, start = entry["DTSTART"]
    first = _ics_day(start, name, number)
    until = _ics_day(entry["DTEND"][1], name, entry["DTEND"][0]) if "DTEND" in entry else first + timedelta(days=1)
    if not timedelta(0) < until - first <= timedelta(days=MOST_DAYS):
        raise bad(name, number, _("The entry ends before it begins, or lasts for more than a year."))
    at, summary = entry.get("SUMMARY", (number, ""))
    kind = _ics_kind(summary, entry.get("X-APPLE-SPECIAL-DAY", (0, ""))[1])
    if kind is None:
        reason = _("“%(text)s” does not say whether the day is off (休, 假) or worked (班).") % {"text": summary}
        raise bad(name, at, reason)
    festival = _ORNAMENT.sub("", summary.replace("\\,", ",")).strip()[:NAME_MOST]
    for offset in range((until - first).days):
        yield number, Special(first + timedelta(days=offset), kind, festival)


def _ics_day(text: str, name: str, number: int) -> date:
    """`20270101`, also as the midnight `20270101T000000`; anything else is an appointment, not a day."""
    day, _t, clock = text.partition("T")
    if clock.strip("0Z"):
        raise bad(name, number, _("“%(text)s” is an hour, not a whole day.") % {"text": text})
    return _day(day, name, number)


def _ics_kind(summary: str, apple: str) -> SpecialKind | None:
    if apple.upper() == "ALTERNATE-WORKDAY" or _WORKED.search(summary):
        return SpecialKind.MAKEUP_WORKDAY
    if apple.upper() == "WORK-HOLIDAY" or _OFF.search(summary):
        return SpecialKind.HOLIDAY
    return None


def hours(text: str) -> list[Hours]:
    """Work periods from text such as `09:00-12:00,13:30-17:30`; an end at 24:00 is midnight. Raises BadLine."""
    periods = []
    for part in filter(None, re.split(r"[,，;；\n]", text)):
        start, _dash, end = re.sub(r"[–—~至]", "-", part.strip()).partition("-")
        try:
            periods.append(Hours(_clock(start), _clock(end)))
        except ValueError as error:
            raise BadLine(_("“%(text)s” is no work period such as 09:00-12:00.") % {"text": part.strip()}) from error
    return sorted(periods)


def _clock(text: str) -> time:
    text = text.strip().replace("：", ":")
    return time(0) if text in ("24:00", "0:00") else time.fromisoformat(text.zfill(5))
