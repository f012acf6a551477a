"""Vector tiles of the districts a person may look at."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from grids import outlines, permissions, tiles
from grids.levels import kind_of_code
from grids.requests import PersonRequest
from grids.subtrees import covers

VECTOR_TILE = "application/vnd.mapbox-vector-tile"
EVERYTHING = "all"
A_YEAR = 365 * 24 * 3600


@gzip_page
@require_safe
@login_required
def tile(request: PersonRequest, scope: str, revision: str, zoom: int, column: int, row: int) -> HttpResponse:
    """One tile of a district, city or province in sight; kept for ever if `revision` is the present one."""
    code = "" if scope == EVERYTHING else scope
    address = tiles.Address(zoom, column, row)
    if not address.exists or (code and kind_of_code(code) is None) or not _may_look(request, code):
        raise Http404
    present = tiles.revision(code)
    etag = f'"{present}-{zoom}-{column}-{row}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(
        tiles.tile(code, address), content_type=VECTOR_TILE
    )
    response["ETag"] = etag
    if revision == present:
        patch_cache_control(response, private=True, max_age=A_YEAR, immutable=True)
    else:
        # A page from before the last publication: it gets what is in force, and asks again.
        patch_cache_control(response, private=True, no_cache=True)
    return response


def _may_look(request: PersonRequest, scope: str) -> bool:
    now = timezone.now()
    prefixes = permissions.visible_prefixes(request.user, now=now)
    if covers(prefixes, scope):
        return True
    return len(scope) >= 6 and covers(outlines.seen_by(request.user, prefixes, now=now), scope)
