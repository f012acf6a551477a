"""Tokens: got for a user name and a password, listed, given back."""

import logging
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import Http404
from knox.models import AuthToken
from redis import RedisError
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from grids import audit
from grids.api import paging
from grids.api.endpoints import Endpoint, is_due
from grids.api.fields import Strict, WordsField, address, moment
from grids.api.paging import PageQuestion, page_of
from grids.api.problems import Problem
from grids.api.tokens import issue
from grids.lockouts import KIND
from grids.models import AuditAct, Person

log = logging.getLogger(__name__)


class Credentials(Strict):
    username = WordsField(max_length=150)
    password = WordsField(max_length=256, trim_whitespace=False, style={"input_type": "password"})


class NewToken(serializers.Serializer):
    token = serializers.CharField(help_text="Send it as `Authorization: Token …`. It is told once.")
    expires_at = serializers.DateTimeField()
    url = serializers.CharField()
    person = serializers.CharField()


class TokenRow(serializers.Serializer):
    id = serializers.CharField(help_text="How the token begins.")
    url = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.BooleanField(help_text="Whether this very request was made with it.")


class LoginThrottle(ScopedRateThrottle):
    """So many tries a minute for one address. Without its memory nobody is locked out: the account's lock remains."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError):
            log.warning("the tries to sign in cannot be counted", exc_info=True)
            return True


class Login(Endpoint):
    """Signing in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle,)
    throttle_scope = "login"
    tag = "login"
    names = {"POST": "login"}
    takes = {"POST": Credentials}
    gives = {"POST": {200: NewToken}}
    refuses = {"POST": (401, 403, 429)}

    def post(self, request: Request) -> Response:
        """Get a token for a user name and a password.

        Wrong ones answer 401 in the same words for every reason; too many of them lock the account for a while.
        """
        given = self.taken()
        person = authenticate(request=request._request, **given)
        if not isinstance(person, Person):
            if getattr(request._request, "axes_locked_out", False):
                raise Problem("locked-out", headers={"Retry-After": str(settings.AUTH_LOCK_MINUTES * 60)})
            raise Problem("wrong-login", headers={"WWW-Authenticate": "Token"})
        # The failures before are forgiven as at the other door; this one opens no session, so says so itself.
        AxesProxyHandler.user_logged_in(sender=Person, request=request._request, user=person)
        if is_due(person, now=self.now):
            raise Problem("password-due")
        token, secret = issue(person, now=self.now)
        _note(AuditAct.SIGNED_IN, request, person)
        row = _row(token, None)
        told = {"token": secret, "expires_at": row["expires_at"], "url": row["url"], "person": person.full_name}
        return Response(told)


class Logout(Endpoint):
    """Signing out."""

    tag = "login"
    names = {"POST": "logout"}
    gives = {"POST": {204: None}}

    def post(self, request: Request) -> Response:
        """Give back the token of this very request; of a session nothing is ended."""
        if isinstance(request.auth, AuthToken):
            request.auth.delete()
            _note(AuditAct.SIGNED_OUT, request, self.person)
        return Response(status=204)


class TokenList(Endpoint):
    """One's own tokens."""

    tag = "login"
    names = {"GET": "listTokens"}
    asks = {"GET": PageQuestion}
    gives = {"GET": {200: page_of(TokenRow)}}

    def get(self, request: Request) -> Response:
        """One's own tokens that have not ended, the newest first."""
        mine = AuthToken.objects.filter(user=self.person, expiry__gt=self.now)
        page = paging.page(mine, ("-created", "-token_key"), self.asked)
        rows = [_row(token, request.auth) for token in page.rows]
        return Response(paging.answer(page, rows, "tokens/", request.query_params))


class TokenOne(Endpoint):
    """One of one's own tokens."""

    tag = "login"
    names = {"DELETE": "revokeToken"}
    gives = {"DELETE": {204: None}}
    path_words = {"id": ("^[0-9a-f]{15}$", "How the token begins.")}

    def delete(self, request: Request, id: str) -> Response:
        """End one of one's own tokens at once."""
        if not AuthToken.objects.filter(user=self.person, token_key=id).delete()[0]:
            raise Http404
        return Response(status=204)


def _note(act: AuditAct, request: Request, person: Person) -> None:
    where = audit.address_of(request._request)
    audit.note(act=act, kind=KIND, object_id=str(person.pk), person=person.pk, actor=person, address=where)


def _row(token: AuthToken, current: Any) -> dict[str, Any]:
    return {
        "id": token.token_key,
        "url": address(f"tokens/{token.token_key}/"),
        "created_at": moment(token.created),
        "expires_at": moment(token.expiry),
        "current": isinstance(current, AuthToken) and current.pk == token.pk,
    }
