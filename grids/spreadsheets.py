"""CSV as spreadsheets read it: the encoding marked, every cell quoted, none taken for a formula. Pure."""

import csv
import io
from collections.abc import Iterable

# Without it a spreadsheet takes UTF-8 for the encoding of its own machine.
MARK = "\ufeff"
# What begins a formula; the wide forms are taken for the narrow ones where Chinese or Japanese is typed.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A spreadsheet keeps fifteen digits of a number; the rest it makes zeros.
_MOST_DIGITS = 15


def harmless(cell: str) -> str:
    """The cell so that no spreadsheet reckons it: what would begin a formula is text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def digits(number: str) -> str:
    """A long number that keeps all its digits: with a tab after it, which nobody sees, it is text."""
    return f"{number}\t" if len(number) > _MOST_DIGITS else number


def text(lines: Iterable[Iterable[str]]) -> str:
    """The whole file."""
    return MARK + rows(lines)


def rows(lines: Iterable[Iterable[str]]) -> str:
    """Lines of a file that began already."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerows([harmless(cell) for cell in line] for line in lines)
    return target.getvalue()
