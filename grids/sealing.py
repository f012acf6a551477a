"""Encrypts what pages and backups must not show in the clear; each purpose has a key of its own.

The first of the installation's keys seals, all of them open: a new one is put before the old ones.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unsealable(Exception):
    """Sealed with a key this installation does not have (any more)."""


def seal(text: str, *, purpose: str) -> str:
    """`text` encrypted; the same text is sealed differently each time."""
    return _keys(purpose, tuple(settings.SEAL_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """What was sealed; raises Unsealable."""
    try:
        return _keys(purpose, tuple(settings.SEAL_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unsealable from None


def digest(text: str, *, purpose: str) -> str:
    """32 hexadecimal digits by which the same text is recognised and nobody without the key can guess it."""
    return hmac.new(_key(purpose, settings.SEAL_KEYS[0]), text.encode(), hashlib.sha256).hexdigest()[:32]


def _key(purpose: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), b"wangge " + purpose.encode(), hashlib.sha256).digest()


@lru_cache(maxsize=16)
def _keys(purpose: str, secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(purpose, secret))) for secret in secrets])
