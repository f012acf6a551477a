"""Every address of the platform, and `/bench/constant`, which asks nobody anything."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from governance.urls import urlpatterns as own


def constant(request: HttpRequest) -> HttpResponse:
    """The same two letters every time."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [path("bench/constant", constant), *own]
