"""What goes wrong before a view is reached: told to programs in the shape of the API, to people as a page."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from grids.api.problems import MEDIA_TYPE, Problem, body

ROOT = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: for one, a host that is none of ours."""
    return _problem("malformed", request) or defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: for one, a database that is not there."""
    return _problem("fault", request) or defaults.server_error(request)


def _problem(name: str, request: HttpRequest) -> HttpResponse | None:
    if not request.path.startswith(ROOT):
        return None
    problem = Problem(name)
    return JsonResponse(body(problem, request.path), status=problem.status_code, content_type=MEDIA_TYPE)
