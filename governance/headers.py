"""The Content-Security-Policy header: our own files only, no inline script without its nonce, no foreign host.

Where the live service listens on a port of its own, that origin of the same host is an exception; so is, for pictures
alone, the host of the base map if the installation names one.
"""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from governance import basemaps
from governance.live import address

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    # Leaflet and ECharts place things by style attributes; style sheets and <style> stay ours.
    "style-src-elem": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


class ContentSecurityPolicy:
    """Adds the header; a template that needs an inline script writes `nonce="{{ request.csp_nonce }}"`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        made: list[str] = []

        def nonce() -> str:
            if not made:
                made.append(secrets.token_urlsafe(16))
            return made[0]

        request.csp_nonce = SimpleLazyObject(nonce)  # type: ignore[attr-defined]
        response = self.get_response(request)
        policy = dict(POLICY)
        if made:
            policy["script-src"] += f" 'nonce-{made[0]}'"
            policy["style-src-elem"] += f" 'nonce-{made[0]}'"
        ground = basemaps.foreign_origin()
        if ground:
            policy["img-src"] += f" {ground}"
        stream = address.origin(request)
        if stream:
            policy["connect-src"] = f"'self' {stream}"
        response.headers.setdefault(
            "Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in policy.items())
        )
        response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
        return response
