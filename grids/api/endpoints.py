"""The base of every view of the API. A view says in tables what it asks, takes and gives; the schema reads the same.

Who is not signed in gets 401, whatever the address; a body is JSON of at most 256 KB unless the view says otherwise.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, QueryDict
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from grids import passwords
from grids.api.fields import Strict
from grids.api.problems import Problem
from grids.api.tokens import Session, TokenAuthentication
from grids.models import Person

MOST_BYTES = 256 * 1024
KEY = re.compile(r"[!-~]{8,64}")
KEY_PATTERN = "^[!-~]{8,64}$"
_NO_WEIGHT = re.compile(r";\s*q=0(\.0*)?\s*(;|$)")
# What stands in an address, by its name there: a pattern and what it is.
PathWords = Mapping[str, tuple[str, str]]


class BoundedJSONParser(JSONParser):
    """JSON of a bounded length and depth."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            length = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > MOST_BYTES:
            raise RequestDataTooBig
        try:
            return super().parse(stream, media_type, dict(parser_context or {}))
        except RecursionError as error:
            raise ParseError from error


class SignedIn(BasePermission):
    """Somebody with an account of theirs, and a password of their own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        person = request.user
        if not isinstance(person, Person):
            return False
        if is_due(person, now=timezone.now()):
            raise Problem("password-due")
        return True


def is_due(person: Person, *, now: datetime) -> bool:
    """Whether the person must choose another password before anything else."""
    return person.must_change_password or passwords.is_expired(person, now=now)


class Negotiation(DefaultContentNegotiation):
    """As `Accept` says; an empty one says as much as none, and what has no weight is not wanted."""

    def get_accept_list(self, request: Request) -> list[str]:
        if not request.META.get("HTTP_ACCEPT", "").strip():
            return ["*/*"]
        return [wanted for wanted in super().get_accept_list(request) if not _NO_WEIGHT.search(wanted)]


class FileNegotiation(BaseContentNegotiation):
    """One kind of answer, whatever is asked for: a file is what it is."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser | None:
        return parsers[0] if parsers else None

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


class NoQuestion(Strict):
    """No parameters at all."""


class Endpoint(APIView):
    """One address. The tables are by method; `HEAD` is `GET`."""

    authentication_classes: Sequence[type[BaseAuthentication]] = [TokenAuthentication, Session]
    permission_classes: Sequence[Any] = [SignedIn]
    parser_classes: Sequence[Any] = [BoundedJSONParser]
    renderer_classes: Sequence[Any] = [JSONRenderer]
    content_negotiation_class: type[BaseContentNegotiation] = Negotiation

    http_method_names: ClassVar[list[str]] = ["get", "head", "post", "put", "patch", "delete"]

    tag: ClassVar[str] = ""
    # operation names of the schema
    names: ClassVar[Mapping[str, str]] = {}
    # the query parameters
    asks: ClassVar[Mapping[str, type[Serializer]]] = {}
    # the body
    takes: ClassVar[Mapping[str, type[BaseSerializer]]] = {}
    # status, or status and media type -> shape of what comes back; None for nothing
    gives: ClassVar[Mapping[str, Mapping[Any, Any]]] = {}
    # statuses of refusals besides those every view may answer
    refuses: ClassVar[Mapping[str, Sequence[int]]] = {}
    # the methods that take an Idempotency-Key
    keyed: ClassVar[Sequence[str]] = ()
    path_words: ClassVar[PathWords] = {}

    now: datetime
    asked: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        self.asked = {}
        translation.activate(_wanted_language(request) or settings.LANGUAGE_CODE)
        super().initial(request, *args, **kwargs)
        own = getattr(request.user, "language", "")
        if own in dict(settings.LANGUAGES) and not _wanted_language(request):
            translation.activate(own)
        for name, (pattern, _said) in self.path_words.items():
            if not re.fullmatch(pattern, str(kwargs[name])):
                raise Http404
        if str(request.method) not in self.allowed_methods:
            self.http_method_not_allowed(request)
        method = "GET" if request.method == "HEAD" else str(request.method)
        _refuse_empty(request.query_params)
        question = self.asks.get(method, NoQuestion)(data=request.query_params)
        question.is_valid(raise_exception=True)
        self.asked = question.validated_data

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        patch_vary_headers(response, ("Accept-Language", "Authorization", "Cookie"))
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.request.user

    def taken(self) -> dict[str, Any]:
        """The body as the table of the view wants it; raises ValidationError."""
        serializer = self.takes[str(self.request.method)](data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def key(self) -> str:
        """The Idempotency-Key of the request, empty for none; raises ValidationError for an odd one."""
        key = self.request.headers.get("Idempotency-Key", "")
        if key and not KEY.fullmatch(key):
            said = ErrorDetail(str(_("8 to 64 visible ASCII characters.")), "key")
            raise ValidationError({"Idempotency-Key": [said]})
        return key


def _refuse_empty(query: QueryDict) -> None:
    """An empty value would be as good as none, and so a wider list than whoever left it empty asked for."""
    empty = {name: [_("Leave the name out to ask for nothing.")] for name, values in query.lists() if "" in values}
    if empty:
        raise ValidationError(empty, "blank")


def replayed(data: Any, **named: Any) -> Response:
    """The answer to a request that was answered before."""
    return Response(data, 200, headers={"Idempotent-Replayed": "true"}, **named)


def _wanted_language(request: Request) -> str:
    """The first language of the request that we speak; empty if it names none."""
    for tag, quality in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        if tag == "*" or not quality:
            break
        try:
            return get_supported_language_variant(tag)
        except (LookupError, ValueError):
            continue
    return ""
