"""A pattern becomes a sentence. Pure.

`{a|b}` is one of these, `{name}` a slot, `{2~6}` so many things, `{#1~9}` an ordinal.
"""

import random
import re
from collections.abc import Mapping

_INNERMOST = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"(#?)(\d+)~(\d+)")
_DIGITS = "零一二三四五六七八九"


def numeral(number: int, *, ordinal: bool = False) -> str:
    """`number` (1 to 999) as Chinese says it: 两 things, but the 二 th."""
    if number == 2 and not ordinal:
        return "两"
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        said += f"{'' if tens == 1 and not hundreds else _DIGITS[tens]}十"
    elif hundreds and ones:
        said += "零"
    return said + (_DIGITS[ones] if ones or not said else "")


def say(pattern: str, dice: random.Random, slots: Mapping[str, str] | None = None) -> str:
    """One sentence of the pattern; raises KeyError for a slot that nobody filled."""
    known = slots or {}

    def chosen(found: re.Match[str]) -> str:
        inner = found.group(1)
        number = _NUMBER.fullmatch(inner)
        if number:
            amount = dice.randint(int(number.group(2)), int(number.group(3)))
            return numeral(amount, ordinal=bool(number.group(1)))
        if inner in known:
            return known[inner]
        if inner.isascii():
            raise KeyError(inner)
        return dice.choice(inner.split("|"))

    while "{" in pattern:
        pattern = _INNERMOST.sub(chosen, pattern)
    return pattern
