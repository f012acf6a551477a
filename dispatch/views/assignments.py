"""What is done to one order: signed for, fed back, returned; recalled, waived, given to another unit."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from dispatch.views.moves import press
from grids.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def act(request: PersonRequest, number: str, order_id: str, name: str) -> HttpResponse:
    """The form of one act on the order, or the act."""
    return press(request, number, name, order_id=int(order_id))
