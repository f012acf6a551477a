"""The picture of four signs that is asked for after some wrong passwords. Drawn here, by no service outside."""

import secrets
from typing import Any

from captcha.fields import CaptchaField, CaptchaTextInput
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from grids import lockouts

# Without signs that look alike when they are turned.
SIGNS = "ACDEFGHJKMNPRTUVWXY34679"
LENGTH = 4


def challenge() -> tuple[str, str]:
    """What is drawn and what must be typed, in capitals or not."""
    drawn = "".join(secrets.choice(SIGNS) for _number in range(LENGTH))
    return drawn, drawn.lower()


class Signs(CaptchaField):
    """A field for the signs of a picture; each picture counts once, right or wrong, and for five minutes."""

    def __init__(self, **given: Any) -> None:
        wrong = _("These are not the signs of the picture. Here is another one.")
        given.setdefault("error_messages", {"invalid": wrong, "required": _("Type the signs of the picture as well.")})
        super().__init__(
            label=_("Signs of the picture"),
            widget=CaptchaTextInput({"class": "form-control", "maxlength": LENGTH, "aria-describedby": "picture-hint"}),
            **given,
        )


def is_wanted(request: HttpRequest | None, username: str) -> bool:
    """Whether so many attempts failed lately, for this name or from this address, that a picture must be read.

    Not once it is locked: then no signs help.
    """
    if request is None:
        return False
    return settings.AUTH_CAPTCHA_FAILURES <= lockouts.failures(request, username) < settings.AXES_FAILURE_LIMIT
