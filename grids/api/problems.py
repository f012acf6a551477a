"""Everything the API refuses, in one shape: problem details as of RFC 9457, media type `application/problem+json`.

`KINDS` names every problem there is; `type` is the address of its page below `/api/v1/problems/`. Views raise
`Problem`; whatever else a view raises becomes one of them in `answer_to`.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.urls import get_script_prefix
from django.utils.encoding import escape_uri_path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NO_FIELD = "non_field_errors"


@dataclass(frozen=True)
class Kind:
    """One kind of problem: its status, its title, and what to do about it."""

    status: int
    title: str | Promise
    about: str | Promise


KINDS: dict[str, Kind] = {
    "malformed": Kind(400, _("The request cannot be read"), _("The body is not what its content type says.")),
    "invalid": Kind(400, _("The request is not right"), _("`errors` names each field at fault, with a reason.")),
    "not-signed-in": Kind(
        401, _("Sign in first"), _("Send `Authorization: Token …` or the cookie of a session. A token ends in time.")
    ),
    "wrong-login": Kind(401, _("Not signed in"), _("The user name or the password is not right.")),
    "forbidden": Kind(403, _("Not allowed"), _("You see this, but no duty of yours may do that here.")),
    "password-due": Kind(
        403, _("A new password is due"), _("The account has a password given by somebody else: change it on the page.")
    ),
    "not-found": Kind(404, _("Not found"), _("There is no such thing, or it is out of your sight.")),
    "method": Kind(405, _("Method not allowed"), _("`Allow` names the methods of this address.")),
    "not-acceptable": Kind(406, _("Not acceptable"), _("Answers are JSON.")),
    "stale": Kind(
        409,
        _("Somebody was faster"),
        _("`seq` is not the present one. `incident` and `moves` say how it stands; decide again."),
    ),
    "conflict": Kind(
        409, _("Not possible now"), _("The present state does not allow this. `incident` and `moves` say what it does.")
    ),
    "too-large": Kind(413, _("Too large"), _("The body is larger than is taken here.")),
    "media-type": Kind(415, _("Unsupported media type"), _("Send JSON, and pictures as multipart/form-data.")),
    "key-reused": Kind(
        422, _("The key was used for another request"), _("An `Idempotency-Key` belongs to one request for ever.")
    ),
    "throttled": Kind(429, _("Too many requests"), _("`Retry-After` says how many seconds to wait.")),
    "locked-out": Kind(429, _("Too many wrong passwords"), _("The account is locked for a while.")),
    "fault": Kind(500, _("A fault of ours"), _("It was noted. The same request may work later.")),
}


class Problem(exceptions.APIException):
    """A refusal of one of KINDS. `errors` maps fields to messages; `extra` are further members of the answer."""

    def __init__(
        self,
        name: str,
        detail: str | Promise | None = None,
        *,
        errors: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        **extra: Any,
    ) -> None:
        kind = KINDS[name]
        super().__init__(detail or kind.about)
        self.name, self.errors, self.extra = name, errors, extra
        self.status_code = status or kind.status
        self.headers = dict(headers or {})


def answer_to(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to whatever a view raised; a fault is logged and told to nobody."""
    request: Request = context["request"]
    problem = _as_problem(error, request)
    headers = dict(problem.headers)
    if problem.status_code == HTTPStatus.UNAUTHORIZED and isinstance(
        error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed
    ):
        headers.setdefault("WWW-Authenticate", getattr(error, "auth_header", "Token"))
    if problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "view" in context:
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(body(problem, request._request.path), problem.status_code, headers=headers, content_type=MEDIA_TYPE)


def body(problem: Problem, path: str) -> dict[str, Any]:
    """The members of the answer to who asked for `path`."""
    told: dict[str, Any] = {
        "type": address_of(problem.name),
        "title": str(KINDS[problem.name].title),
        "status": problem.status_code,
        "detail": _told(problem.detail),
        "instance": escape_uri_path(path),
    }
    if problem.errors:
        told["errors"] = list(_errors(problem.errors))
    return told | problem.extra


def address_of(name: str) -> str:
    """Where a kind of problem is explained."""
    return f"{get_script_prefix()}api/v1/problems/{name}/"


def _as_problem(error: Exception, request: Request) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.ValidationError):
        given = error.detail if isinstance(error.detail, dict) else {NO_FIELD: error.detail}
        return Problem("invalid", errors=given)
    if isinstance(error, django_errors.ValidationError):
        field = getattr(error, "field", None) or NO_FIELD
        return Problem("invalid", errors=dict.fromkeys([field], error.messages))
    for kinds, name in _OTHERS:
        if isinstance(error, kinds):
            return _named(name, error)
    _note_fault(error, request)
    return Problem("fault")


_OTHERS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    ((Http404, exceptions.NotFound), "not-found"),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), "not-signed-in"),
    ((exceptions.PermissionDenied, django_errors.PermissionDenied), "forbidden"),
    (exceptions.MethodNotAllowed, "method"),
    (exceptions.NotAcceptable, "not-acceptable"),
    (exceptions.UnsupportedMediaType, "media-type"),
    (exceptions.Throttled, "throttled"),
    ((django_errors.RequestDataTooBig, django_errors.TooManyFieldsSent), "too-large"),
    (django_errors.TooManyFilesSent, "too-large"),
    ((exceptions.ParseError, django_errors.SuspiciousOperation, UnreadablePostError), "malformed"),
)


def _named(name: str, error: Exception) -> Problem:
    """The problem with what the error says, where that is meant for people."""
    headers = {}
    if isinstance(error, exceptions.Throttled) and error.wait:
        headers["Retry-After"] = f"{int(error.wait) + 1}"
    if name == "forbidden":
        said = error.detail if isinstance(error, exceptions.APIException) else str(error)
        return Problem(name, str(said) or None)
    return Problem(name, headers=headers)


def _note_fault(error: Exception, request: Request) -> None:
    got_request_exception.send(sender=None, request=request._request)
    log.error("%s %s failed", request.method, request._request.path, exc_info=error)


def _errors(given: Any, field: str = "") -> Iterator[dict[str, str]]:
    """`{field, code, detail}` for each message, fields within fields joined by dots."""
    if isinstance(given, Mapping):
        for name, below in given.items():
            here = field if name == NO_FIELD else f"{field}.{name}" if field else str(name)
            yield from _errors(below, here)
    elif isinstance(given, list | tuple):
        for number, each in enumerate(given):
            # A list of mappings belongs to the rows of a list; what is empty is in order.
            yield from _errors(each, f"{field}.{number}" if isinstance(each, Mapping) else field)
    else:
        yield {"field": _told(field), "code": str(getattr(given, "code", "invalid")), "detail": _told(given)}


def _told(text: Any) -> str:
    """Words that can be sent: half a surrogate pair, quoted from the request, cannot."""
    return str(text).encode("utf-8", "replace").decode("utf-8")
