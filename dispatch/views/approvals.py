"""A request for suspension or voiding is granted or refused."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from dispatch.views.moves import press
from grids.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def decide(request: PersonRequest, number: str, request_id: str, name: str) -> HttpResponse:
    """The form of the decision, or the decision."""
    return press(request, number, name, request_id=int(request_id))
