"""The picture of four signs that is asked for after some wrong passwords. Drawn here, by no service outside."""

import secrets
from functools import cache as kept
from typing import Any

from captcha.image import ImageCaptcha
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from grids import lockouts

# Without signs that look alike when they are turned.
SIGNS = "ACDEFGHJKMNPRTUVWXY34679"
LENGTH = 4
WIDTH, HEIGHT = 168, 48
SECONDS = 300
INK, PAPER = (28, 39, 51), (255, 255, 255)


def is_wanted(request: HttpRequest | None, username: str) -> bool:
    """Whether so many attempts failed lately, for this name or from this address, that a picture must be read.

    Not once it is locked: then no signs help.
    """
    if request is None:
        return False
    return settings.AUTH_CAPTCHA_FAILURES <= lockouts.failures(request, username) < settings.AXES_FAILURE_LIMIT


def new_picture() -> str:
    """The key of a new picture, which counts for five minutes and once."""
    key = secrets.token_urlsafe(16)
    cache.set(_name(key), "".join(secrets.choice(SIGNS) for _number in range(LENGTH)), SECONDS)
    return key


def is_read(key: str, typed: str) -> bool:
    """Whether `typed`, in capitals or not, are the signs of the picture. Right or wrong, it is used up."""
    signs = signs_of(key)
    # Of two who use it at once only one deletes it.
    return bool(cache.delete(_name(key))) and signs is not None and typed.strip().upper() == signs


def signs_of(key: str) -> str | None:
    """The signs of a picture that is not used up; None otherwise."""
    found: str | None = cache.get(_name(key))
    return found


def _name(key: str) -> str:
    return f"signs:{key[:40]}"


class Signs(forms.CharField):
    """A field for the signs of a picture."""

    def __init__(self, **given: Any) -> None:
        words = {"required": _("Type the signs of the picture as well.")}
        super().__init__(label=_("Signs of the picture"), max_length=20, error_messages=words, **given)


WRONG = _("These are not the signs of the picture. Here is another one.")


@kept
def _painter() -> ImageCaptcha:
    return ImageCaptcha(width=WIDTH, height=HEIGHT, font_sizes=(32, 36, 40))


@never_cache
@require_safe
def picture(request: HttpRequest, key: str) -> HttpResponse:
    """The picture itself, turned and crossed anew each time."""
    signs = signs_of(key)
    if signs is None:
        raise Http404
    drawn = _painter().generate(signs, bg_color=PAPER, fg_color=INK)
    return HttpResponse(drawn.getvalue(), content_type="image/png")
