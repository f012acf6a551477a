"""Addresses with a number in them, worked out once: a page of fifty rows names two hundred of them."""

from functools import lru_cache

from django.urls import get_script_prefix, get_urlconf, reverse

# Stand in for numbers while an address is worked out; every pattern of ours takes them for numbers.
_STAND_INS = ("918273645546372", "182736455463728")


def address(view: str, *args: str | int) -> str:
    """What `reverse(view, args=args)` says; arguments of digits alone are filled in afterwards."""
    texts = [str(arg) for arg in args]
    shape = tuple("" if text.isdecimal() else text for text in texts)
    found = _shaped(view, shape, get_script_prefix(), get_urlconf())
    numbers = [text for text in texts if text.isdecimal()]
    for stand_in, number in zip(_STAND_INS, numbers, strict=False):
        found = found.replace(stand_in, number)
    return found


@lru_cache(maxsize=512)
def _shaped(view: str, shape: tuple[str, ...], prefix: str, urlconf: str | None) -> str:
    stand_ins = iter(_STAND_INS)
    return reverse(view, args=[text or next(stand_ins) for text in shape])
