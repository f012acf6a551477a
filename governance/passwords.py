"""What a password must be. Each rule says in one sentence what is wrong and what helps."""

import re
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grids import passwords, spans
from grids.models import Person

_CLASSES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"), re.compile("[^A-Za-z0-9]"))


class SeveralClasses:
    """At least `least` of: small letters, capitals, digits, other signs."""

    def __init__(self, least: int = 3) -> None:
        self.least = least

    def validate(self, password: str, user: Person | None = None) -> None:
        if sum(bool(each.search(password)) for each in _CLASSES) < self.least:
            raise ValidationError(self.get_help_text(), code="password_classes")

    def get_help_text(self) -> str:
        return _("Use at least %(least)d of: small letters, capital letters, digits, other signs.") % {
            "least": self.least
        }


class NothingPersonal:
    """Neither the user name nor the phone nor the full name stands in it."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if user is None:
            return
        text = password.lower()
        digits = re.sub(r"\D", "", user.phone)
        # The last six digits of a phone are what people take.
        parts = [user.username.lower(), user.full_name.lower().replace(" ", ""), digits[-6:]]
        if any(len(part) >= 2 and part in text for part in parts):
            raise ValidationError(self.get_help_text(), code="password_personal")

    def get_help_text(self) -> str:
        return _("It must not contain your user name, your full name or your phone number.")


# Words that half of all weak passwords are made of, in English and in pinyin; a deployment adds its own place names.
_WEAK_WORDS = frozenset(
    """
    password passwd passw0rd admin administrator root user guest test demo login welcome secret master manager
    system default changeme letmein hello iloveyou dragon monkey sunshine princess football wangge wgadmin china
    beijing zhongguo woaini aini woshi nihao mima guanli guanliyuan xitong zhengfu shequ jiedao wanggeyuan huawei
    tencent qwerty qwertyuiop asdf asdfgh zxcv zxcvbn qaz wsx edc qazwsx abc abcd pass pwd sys web sql oracle server
    office
    """.split()  # noqa: SIM905
)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv",
    "!@#$%^&*()",
)
_LEET = str.maketrans({"@": "a", "0": "o", "1": "i", "3": "e", "$": "s", "5": "s", "!": "i"})
_YEAR = re.compile(r"(19|20)\d\d")
_LEAST_LEFT = 4


class NothingCommon:
    """Something is left when common words, years and runs of neighbouring keys are taken away."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if len(substance(password)) < _LEAST_LEFT:
            raise ValidationError(self.get_help_text(), code="password_weak")

    def get_help_text(self) -> str:
        return _("Common words, years and rows of keys do not count: Admin@123456 would be guessed at once.")


def substance(password: str) -> str:
    """What of a password is not a common word (also written with 0 for o), a year, or a run of three keys or more."""
    text = password.lower()
    plain = text.translate(_LEET)
    gone = [False] * len(text)
    for word in _weak_words():
        for written in (text, plain):
            for found in re.finditer(re.escape(word), written):
                gone[found.start() : found.end()] = [True] * len(word)
    for found in _YEAR.finditer(text):
        gone[found.start() : found.end()] = [True] * 4
    start = 0
    for at, (one, next_one) in enumerate(pairwise(text + "\0"), start=1):
        if _neighbours(one, next_one):
            continue
        if at - start >= 3:
            gone[start:at] = [True] * (at - start)
        start = at
    return "".join(letter for letter, is_gone in zip(text, gone, strict=True) if not is_gone)


def _neighbours(one: str, next_one: str) -> bool:
    return one == next_one or any(one + next_one in row or next_one + one in row for row in _ROWS)


@lru_cache(maxsize=1)
def _weak_words() -> tuple[str, ...]:
    words = {*_WEAK_WORDS, *(word.lower() for word in settings.PASSWORD_WEAK_WORDS)}
    return tuple(sorted((word for word in words if len(word) >= 3), key=len, reverse=True))


class NotUsedBefore:
    """Another one than the last `PASSWORD_HISTORY`; also keeps what is set, wherever that happens."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if isinstance(user, Person) and passwords.was_used(user, password):
            raise ValidationError(self.get_help_text(), code="password_used")

    def password_changed(self, password: str, user: Person | None = None) -> None:
        if isinstance(user, Person):
            passwords.remember(user, now=timezone.now())

    def get_help_text(self) -> str:
        count = settings.PASSWORD_HISTORY
        return ngettext(
            "It must differ from your last password.", "It must differ from your last %(count)d passwords.", count
        ) % {"count": count}


class OwnPasswordForm(PasswordChangeForm):
    """A new password of one's own wish, not sooner than a day after the last one."""

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        now = timezone.now()
        person: Any = self.user
        moment = passwords.changeable_from(person, now=now)
        if moment is not None:
            raise ValidationError(
                _("You changed it a short while ago. It may be changed again: %(moment)s.")
                % {"moment": spans.said(moment, now)},
                code="password_too_young",
            )
        return given


def notice(person: Person, *, now: datetime) -> str:
    """The sentence that says how soon the password ends, or "" while that is far."""
    days = passwords.days_left(person, now=now)
    if days is None:
        return ""
    if days == 0:
        return _("Your password ends today. Choose another one under your name at the top.")
    return ngettext(
        "Your password ends in %(count)d day. Choose another one under your name at the top.",
        "Your password ends in %(count)d days. Choose another one under your name at the top.",
        days,
    ) % {"count": days}
