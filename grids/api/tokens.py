"""Who asks: a token, kept hashed together with the password it was got by, or the session of a browser.

A token ends at its time, when it is given back, when the account is closed and when the password changes.
"""

import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha256

from django.utils import timezone
from knox import auth, crypto
from knox.models import AuthToken
from knox.settings import CONSTANTS, knox_settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from grids.backends import PersonBackend
from grids.models import Person

MOST_PER_PERSON = 20
_TOKEN = re.compile(r"[0-9a-f]{64}")


def issue(person: Person, *, now: datetime) -> tuple[AuthToken, str]:
    """A new token of `person` and what to send it as. Those that ended, and the oldest beyond 20, go."""
    AuthToken.objects.filter(user=person, expiry__lte=now).delete()
    kept = AuthToken.objects.filter(user=person).order_by("-created").values_list("pk", flat=True)
    AuthToken.objects.filter(pk__in=list(kept[MOST_PER_PERSON - 1 :])).delete()
    secret = crypto.create_token_string()
    ttl: timedelta = knox_settings.TOKEN_TTL
    token = AuthToken(
        digest=_digest(secret, person), token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH], user=person, expiry=now + ttl
    )
    token.save(force_insert=True)
    return token, secret


def _digest(secret: str, person: Person) -> str:
    """What is kept of a token: its hash with the password's, so that a new password ends it."""
    password = sha256(person.password.encode()).hexdigest()
    return crypto.hash_token(secret + password)


class TokenAuthentication(auth.TokenAuthentication):
    """`Authorization: Token …`. One query."""

    def authenticate_credentials(self, token: bytes) -> tuple[Person, AuthToken]:
        secret = token.decode("latin-1")
        if _TOKEN.fullmatch(secret):
            key = secret[: CONSTANTS.TOKEN_KEY_LENGTH]
            known = AuthToken.objects.filter(token_key=key, expiry__gt=timezone.now())
            for row in known.select_related("user"):
                person: Person = row.user
                right = hmac.compare_digest(_digest(secret, person), row.digest)
                if right and PersonBackend().user_can_authenticate(person):
                    return person, row
        raise AuthenticationFailed


class Session(SessionAuthentication):
    """The session of a browser; whatever writes needs its CSRF token too."""

    def authenticate(self, request: Request) -> tuple[Person, None] | None:
        found = super().authenticate(request)
        return (found[0], None) if found else None
