"""What lies under the outlines, if an installation has something: own tiles, one file of pictures, or the national map.

Without a setting there is nothing outside: the maps stand on their own data. The key of the national map stays here:
its tiles come through `tianditu`, which adds it, keeps what it got, and is asked by people who are signed in only.
"""

import http.client
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

# Streets and their names, pictures and their names: what a ground is made of, the lowest first.
GROUNDS = {"vec": ("vec", "cva"), "img": ("img", "cia")}
LAYERS = frozenset(layer for layers in GROUNDS.values() for layer in layers)
TIANDITU_ATTRIBUTION = "天地图 · 国家地理信息公共服务平台"
FURTHEST_ZOOM = 18
TIMEOUT, MOST = 6, 512 * 1024
KEPT = 7 * 24 * 3600
_BLOCK = 64 * 1024


@dataclass(frozen=True)
class BaseMap:
    """What a map page needs: `kind` is "tiles" or "archive", `urls` from the lowest layer to the highest."""

    kind: str
    urls: tuple[str, ...]
    attribution: str
    furthest: int = FURTHEST_ZOOM


def chosen() -> BaseMap | None:
    """The base map of this installation, or None."""
    words = " · ".join(filter(None, [settings.BASEMAP_ATTRIBUTION, settings.BASEMAP_REVIEW]))
    if settings.BASEMAP_URL:
        return BaseMap("tiles", (settings.BASEMAP_URL,), words)
    if settings.BASEMAP_FILE:
        return BaseMap("archive", (reverse("governance:basemap_file"),), words)
    if settings.TIANDITU_KEY:
        template = "/0/0/0"
        urls = tuple(
            reverse("governance:tianditu", args=[layer, 0, 0, 0]).removesuffix(template) + "/{z}/{x}/{y}"
            for layer in GROUNDS[settings.TIANDITU_GROUND]
        )
        own = settings.BASEMAP_ATTRIBUTION or TIANDITU_ATTRIBUTION
        return BaseMap("tiles", urls, " · ".join(filter(None, [own, settings.BASEMAP_REVIEW])))
    return None


def foreign_origin() -> str:
    """The origin of tiles that come from another host, for the page's policy; empty if there is none."""
    parts = urlsplit(settings.BASEMAP_URL)
    return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""


@require_safe
@login_required
def tianditu(request: HttpRequest, layer: str, zoom: int, column: int, row: int) -> HttpResponse:
    """One tile of the national map. 502 if it cannot be had: the outlines are drawn all the same."""
    inside = 0 <= zoom <= FURTHEST_ZOOM and max(column, row) < 2**zoom
    if not settings.TIANDITU_KEY or layer not in LAYERS or not inside:
        raise Http404
    key = f"tianditu:{layer}:{zoom}:{column}:{row}"
    kept: tuple[str, bytes] | None = cache.get(key)
    if kept is None:
        kept = _fetched(layer, zoom, column, row)
        if kept is None:
            return HttpResponse(status=502)
        cache.set(key, kept, KEPT)
    response = HttpResponse(kept[1], content_type=kept[0])
    patch_cache_control(response, private=True, max_age=KEPT)
    return response


def _fetched(layer: str, zoom: int, column: int, row: int) -> tuple[str, bytes] | None:
    """Content type and picture as the national map sends them, None if it does not. Redirects are not followed."""
    parts = urlsplit(settings.TIANDITU_URL)
    asked = {
        "SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": layer, "STYLE": "default",
        "TILEMATRIXSET": "w", "FORMAT": "tiles", "TILEMATRIX": zoom, "TILEROW": row, "TILECOL": column,
        "tk": settings.TIANDITU_KEY,
    }  # fmt: skip
    link: http.client.HTTPConnection
    if parts.scheme == "https":
        link = http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        link = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    try:
        link.request("GET", f"{parts.path.rstrip('/')}/{layer}_w/wmts?{urlencode(asked)}")
        answer = link.getresponse()
        body = answer.read(MOST + 1)
        kind = answer.getheader("Content-Type", "").split(";")[0].strip()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        link.close()
    if answer.status != 200 or not kind.startswith("image/") or len(body) > MOST:
        return None
    return kind, body


@require_safe
@login_required
def archive(request: HttpRequest) -> HttpResponseBase:
    """The file of pictures, or the part of it that was asked for."""
    path = Path(settings.BASEMAP_FILE) if settings.BASEMAP_FILE else None
    if path is None or not path.is_file():
        raise Http404
    size, changed = path.stat().st_size, path.stat().st_mtime_ns
    wanted = _part(request.headers.get("Range", ""), size)
    if wanted is None:
        response: HttpResponseBase = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        first, last = wanted
        response = StreamingHttpResponse(_read(path.open("rb"), first, last - first + 1))
        response.headers["Content-Length"] = str(last - first + 1)
        if "Range" in request.headers:
            response.status_code = 206
            response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["ETag"] = f'"{changed:x}-{size:x}"'
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _part(said: str, size: int) -> tuple[int, int] | None:
    """First and last byte of what a Range header asks for: all without one, None if it cannot be had."""
    if not said:
        return 0, size - 1
    found = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", said)
    if found is None:
        return None
    first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (first, last) if first <= last else None


def _read(file: BinaryIO, first: int, count: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        while count > 0 and (block := file.read(min(_BLOCK, count))):
            count -= len(block)
            yield block
