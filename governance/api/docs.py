"""The schema, the page to look at and try it, what each problem means, and where to begin."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from grids.api.endpoints import Endpoint
from grids.api.fields import Strict, address
from grids.api.problems import KINDS, Kind, address_of
from grids.requests import PersonRequest

DOORS = ("units", "categories", "incidents", "assignments", "inbox", "tokens", "me", "problems", "schema", "docs")


class ProblemKind(serializers.Serializer):
    """A kind of problem."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    about = serializers.CharField()


class ProblemKinds(serializers.Serializer):
    problems = ProblemKind(many=True)


class Doors(serializers.Serializer):
    """Where to begin."""

    doors = serializers.DictField(child=serializers.CharField())


def _kind(name: str, kind: Kind) -> dict[str, Any]:
    return {"type": address_of(name), "title": str(kind.title), "status": kind.status, "about": str(kind.about)}


class Root(Endpoint):
    """The beginning."""

    tag = "about"
    names = {"GET": "begin"}
    gives = {"GET": {200: Doors}}

    def get(self, request: Request) -> Response:
        """Where to begin."""
        return Response({"doors": {name: address(f"{name}/") for name in DOORS}})


class ProblemList(Endpoint):
    """Every kind of problem."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    tag = "about"
    names = {"GET": "listProblems"}
    gives = {"GET": {200: ProblemKinds}}

    def get(self, request: Request) -> Response:
        """Every kind of problem that an answer may name."""
        return Response({"problems": [_kind(name, kind) for name, kind in KINDS.items()]})


class ProblemOne(Endpoint):
    """One kind of problem."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    tag = "about"
    names = {"GET": "getProblem"}
    gives = {"GET": {200: ProblemKind}}
    path_words = {"name": ("^[a-z-]{3,20}$", "The last part of a problem's `type`.")}

    def get(self, request: Request, name: str) -> Response:
        """What a kind of problem means and what to do about it."""
        if name not in KINDS:
            raise Http404
        return Response(_kind(name, KINDS[name]))


class SchemaQuestion(Strict):
    format = serializers.ChoiceField(["json", "yaml"], required=False)


class SchemaFile(Endpoint, SpectacularAPIView):
    """The schema as OpenAPI 3.1, in JSON, or in YAML with `?format=yaml`."""

    authentication_classes = Endpoint.authentication_classes
    permission_classes = Endpoint.permission_classes
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2]
    asks = {"GET": SchemaQuestion}
    schema = None

    def get_renderers(self) -> list[Any]:
        """Those of the format that is asked for; of one there is not, all, so that it is refused by name."""
        asked = self.request.query_params.get("format")
        found: list[Any] = super().get_renderers()
        return [renderer for renderer in found if renderer.format == asked] or found


class Nowhere(Endpoint):
    """Every other address."""

    schema = None

    def get(self, request: Request, *_args: Any, **_named: Any) -> Response:
        """There is nothing; all addresses end with a slash."""
        raise Http404

    post = put = patch = delete = get


@require_safe
@login_required
def page(request: PersonRequest) -> HttpResponse:
    """The schema to read, and to try with the session of this browser."""
    if getattr(request, "password_is_due", False):
        return redirect("password_change")
    addresses = {"schema_url": reverse("api:schema"), "problems_url": reverse("api:problems")}
    return render(request, "api/docs.html", {"title": _("Interface for programs"), **addresses})
