"""The schema of the API, read off the tables of the views (`endpoints.Endpoint`)."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from grids.api import problems
from grids.api.endpoints import KEY_PATTERN, Endpoint

# What any address with a body, and any at all, may answer.
WITH_BODY = (400, 413, 415)
SIGNED_IN = (401, 403)
ALWAYS = (400, 406)
TITLES = {kind.status: str(kind.title) for kind in reversed(problems.KINDS.values())}


class FieldError(serializers.Serializer):
    field = serializers.CharField(help_text="Fields within fields joined by dots; empty for the whole.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer):
    """Problem details as of RFC 9457. Some kinds bring further members."""

    type = serializers.CharField(help_text="The address at which this kind of problem is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(help_text="The path that was asked.")
    errors = FieldError(many=True, required=False)


class Schema(AutoSchema):
    """One operation from one row of the tables."""

    view: Endpoint

    def get_operation_id(self) -> str:
        return self.view.names[self.method]

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_summary(self) -> str | None:
        return super().get_description().strip().splitlines()[0]

    def get_description(self) -> str:
        return "\n".join(super().get_description().strip().splitlines()[1:]).strip()

    def get_override_parameters(self) -> list[Any]:
        found: list[Any] = [
            OpenApiParameter(name, str, OpenApiParameter.PATH, pattern=pattern, description=said)
            for name, (pattern, said) in self.view.path_words.items()
        ]
        if self.method in self.view.asks:
            found.append(self.view.asks[self.method])
        if self.method in self.view.keyed:
            said = "Makes a repeated request harmless: it gets the first one's outcome."
            found.append(
                OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, pattern=KEY_PATTERN, description=said)
            )
        return found

    def get_request_serializer(self) -> Any:
        return self.view.takes.get(self.method)

    def get_response_serializers(self) -> Any:
        return dict(self.view.gives[self.method])

    def get_auth(self) -> list[Any]:
        return super().get_auth() if self.view.permission_classes == Endpoint.permission_classes else []

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """What the tables give, and a problem for every way of being refused."""
        found = super()._get_response_bodies(direction)
        if self.method in self.view.keyed:
            found["200"]["headers"] = {"Idempotent-Replayed": {"schema": {"type": "string", "enum": ["true"]}}}
        shape = self.resolve_serializer(ProblemShape, "response").ref
        for status in sorted(self._refusals()):
            found[str(status)] = {
                "description": TITLES.get(status, ""),
                "content": {problems.MEDIA_TYPE: {"schema": shape}},
            }
        return found

    def _refusals(self) -> set[int]:
        view = self.view
        found = {*ALWAYS, *view.refuses.get(self.method, ())}
        if view.permission_classes == Endpoint.permission_classes:
            found |= {*SIGNED_IN}
        if self.method in view.takes:
            found |= {*WITH_BODY}
        if view.path_words:
            found.add(404)
        return found


def strict_requests(result: dict[str, Any], **_named: Any) -> dict[str, Any]:
    """Bodies of requests know no names but their own: `fields.Strict` refuses them."""
    for name, schema in result.get("components", {}).get("schemas", {}).items():
        if name.endswith("Request") and schema.get("type") == "object":
            schema["additionalProperties"] = False
    _without_marks(result)
    return result


def _without_marks(part: Any) -> None:
    """Take out what the generator notes for itself."""
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _without_marks(each)


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "grids.api.tokens.Session"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "grids.api.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, with what POST /api/v1/login/ answered.",
        }
