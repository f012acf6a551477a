"""Where a page finds the stream, and whose pages may listen.

`WANGGE_LIVE_URL` is a path that the proxy leads to the live service (`/live/`), a port of the same host
(`:8001/live/`), or empty: then pages ask by themselves, as they do whenever the service does not answer.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

# A page was made at a moment of the web server's clock, the stream is numbered by Redis'; and what was committed before
# is announced a little later.
SLACK_MS = 2_000


def origin(request: HttpRequest) -> str:
    """The other origin that serves the stream, or "" if it is the page's own, or the request names no host of ours."""
    if not settings.LIVE_URL.startswith(":"):
        return ""
    try:
        host, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        return ""
    return f"{request.scheme}://{host}{settings.LIVE_URL.partition('/')[0]}"


def stream_url(request: HttpRequest, path: str = "") -> str:
    """The address of the stream for a page of this request; "" where there is none."""
    if not settings.LIVE_URL:
        return ""
    return f"{origin(request)}{settings.LIVE_URL[settings.LIVE_URL.index('/') :]}{path}"


def since(now: datetime) -> int:
    """From where on a page made at `now` must hear what happened, in milliseconds since 1970."""
    return int(now.timestamp() * 1000) - SLACK_MS


def may_listen(headers: Mapping[str, str]) -> bool:
    """Whether the page that asks is one of ours. `headers` by their small names; the host was looked at before.

    A browser names the page's origin unless it is the stream's own; then it says at least that it is.
    """
    asking = headers.get("origin", "")
    if not asking:
        return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return asking in settings.CSRF_TRUSTED_ORIGINS or urlsplit(asking).netloc == headers.get("host", "")


def is_known_host(host: str) -> bool:
    """Whether the site answers to this name, whatever the port."""
    domain, _port = split_domain_port(host)
    allowed = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    return bool(domain) and validate_host(domain, allowed)
