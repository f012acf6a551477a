"""A first draft of a mapping: the columns of a file and the values found in them, for somebody to fill in."""

import re
from collections import Counter
from collections.abc import Collection, Iterator

from django.utils.translation import gettext as _

from incidents.imports import files
from incidents.imports.files import SourceFile
from incidents.imports.refused import ImportRefused
from incidents.states import IMPORTED_STATES

# Words by which columns are guessed, for each key of the section.
_GUESSES = {
    "number": ("number", "requestid", "unique_key", "key", "case", "编号", "工单号", "no", "id"),
    "opened": ("opened", "created", "reported", "requested", "上报时间", "受理时间", "登记时间", "创建时间"),
    "due": ("due", "deadline", "截止", "期限", "到期"),
    "closed": ("closed", "ended", "resolved", "completed", "结案", "办结", "完成"),
    "address": ("address", "地址", "地点"),
    "longitude": ("longitude", "lng", "lon", "经度"),
    "latitude": ("latitude", "lat", "纬度"),
    "state": ("status", "state", "状态"),
    "category": ("category", "complaint_type", "problem", "type", "类别", "类型", "division"),
    "unit": ("ward", "village", "grid", "community", "unit", "district", "社区", "村", "网格", "街道"),
    "caller": ("caller", "source", "channel", "来源", "渠道"),
    "urgency": ("urgency", "priority", "紧急"),
}
_CHOSEN = ("state", "category", "unit", "caller", "urgency")
MOST_VALUES = 300
_SHAPES = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "%Y-%m-%d %H:%M"),
    (re.compile(r"\d{4}-\d\d-\d\dT.*"), "iso"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d"),
    (re.compile(r"\d{4}/\d\d?/\d\d? \d\d?:\d\d:\d\d"), "%Y/%m/%d %H:%M:%S"),
    (re.compile(r"\d{4}/\d\d?/\d\d? \d\d?:\d\d"), "%Y/%m/%d %H:%M"),
    (re.compile(r"\d{4}/\d\d?/\d\d?"), "%Y/%m/%d"),
    (re.compile(r"\d\d?/\d\d?/\d{4} \d\d?:\d\d:\d\d [AP]M"), "%m/%d/%Y %I:%M:%S %p"),
    (re.compile(r"\d{4}年\d\d?月\d\d?日 \d\d?:\d\d"), "%Y年%m月%d日 %H:%M"),
    (re.compile(r"\d{14}"), "%Y%m%d%H%M%S"),
)


def draft(file: SourceFile, *, listed: Collection[str] = ()) -> str:
    """A TOML skeleton. `listed` names columns whose values shall be listed even if nothing was guessed for them.

    Raises ImportRefused for a column the file does not have.
    """
    absent = [name for name in listed if name not in file.header]
    if absent:
        raise ImportRefused([_("The file has no column %(name)s.") % {"name": name} for name in absent])
    guess = _guessed(file.header)
    wanted = {guess[key] for key in _CHOSEN if guess[key]} | set(listed)
    values: dict[str, Counter[str]] = {name: Counter() for name in wanted}
    filled: Counter[str] = Counter()
    shapes: Counter[str] = Counter()
    number = 0
    times = {guess[key] for key in ("opened", "due", "closed") if guess[key]}
    for row in files.rows(file):
        if row.fault:
            continue
        number += 1
        given = dict(zip(file.header, (value.strip() for value in row.fields), strict=True))
        filled.update(name for name, value in given.items() if value)
        shapes.update(form for name in times for form in _shape(given[name]))
        for name in wanted:
            values[name][given[name]] += 1
    return "\n".join(_lines(file, guess, values, filled, [form for form, _n in shapes.most_common()], number)) + "\n"


def quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(f"\\u{ord(each):04x}" if ord(each) < 32 or ord(each) == 127 else each for each in escaped) + '"'
    )


def _guessed(header: tuple[str, ...]) -> dict[str, str]:
    """The column for each key: one whose name is a word of it, else one that holds a word; each column once."""
    taken: set[str] = set()
    found = {}
    for key, known in _GUESSES.items():
        free = [name for name in header if name not in taken]
        whole = (name for word in known for name in free if name.lower() == word)
        # Two letters stand in many a name.
        part = (name for word in known if word not in ("id", "no") for name in free if word in name.lower())
        found[key] = next(whole, "") or next(part, "")
        taken.add(found[key])
    return found


def _shape(text: str) -> list[str]:
    return [next((form for pattern, form in _SHAPES if pattern.fullmatch(text)), "")] if text else []


def _lines(
    file: SourceFile,
    guess: dict[str, str],
    values: dict[str, Counter[str]],
    filled: Counter[str],
    formats: list[str],
    number: int,
) -> Iterator[str]:
    known = [form for form in formats if form]
    yield f"# {file.path.name}: {_('%(count)d rows, %(read_as)s.') % {'count': number, 'read_as': file.said}}"
    yield f"# {_('Columns, and in how many rows they hold something:')}"
    yield from (f"#   {name}: {filled[name]}" for name in file.header)
    yield ""
    yield "[file]"
    yield f"encoding = {quoted('auto')}"
    yield f"delimiter = {quoted(file.delimiter)}"
    yield ""
    yield "[import]"
    yield f'district = ""  # {_("code of the district")}'
    yield 'same_number = "refuse"  # refuse, first'
    yield ""
    yield "[columns]"
    for key in ("number", "opened", "due", "closed", "address", "longitude", "latitude"):
        sign = "" if guess[key] else "# "
        yield f"{sign}{key} = {quoted(guess[key])}"
    yield ""
    yield "[time]"
    yield f'zone = "Asia/Shanghai"  # {_("of the other system")}'
    yield f"formats = [{', '.join(quoted(form) for form in known or ['iso'])}]"
    yield 'ambiguous = "reject"  # reject, first, second'
    yield 'skipped = "reject"  # reject, later'
    if "" in formats:
        yield f"# {_('Some times fit no format known here.')}"
    yield ""
    yield "[text]"
    yield f"template = {quoted('{' + (guess['category'] or file.header[0]) + '}')}"
    yield from _sections(guess, values)
    for name in sorted(set(values) - {guess[key] for key in _CHOSEN}):
        yield ""
        yield f"# {_('Values of %(column)s:') % {'column': name}}"
        yield from (f'# {quoted(value)} = ""  # {count}' for value, count in values[name].most_common(MOST_VALUES))


def _sections(guess: dict[str, str], values: dict[str, Counter[str]]) -> Iterator[str]:
    hints = {
        "state": ", ".join(sorted(IMPORTED_STATES)),
        "category": _("code of a category, or dictionary/code"),
        "unit": _("code of a unit"),
        "caller": "officer, clerk, citizen, feed",
        "urgency": "normal, urgent, critical",
    }
    for key in _CHOSEN:
        column = guess[key]
        yield ""
        if not column:
            yield f"# [{key}]  # {hints[key]}"
            continue
        yield f"[{key}]"
        if key == "unit":
            ways = '["point", "values"]' if guess["longitude"] else '["values"]'
            yield f"by = {ways}  # point, values, code"
        yield f"column = {quoted(column)}"
        yield '# default = ""'
        yield f"[{key}.values]  # {hints[key]}"
        counted = values[column]
        yield from (f'{quoted(value)} = ""  # {count}' for value, count in counted.most_common(MOST_VALUES))
        if len(counted) > MOST_VALUES:
            yield f"# {_('and %(count)d more values') % {'count': len(counted) - MOST_VALUES}}"
