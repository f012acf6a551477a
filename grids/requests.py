"""The request of somebody who has signed in, as views behind `login_required` receive it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from grids.models import Person


class PersonRequest(HttpRequest):
    """For annotations only: `user` is a person, `htmx` says whether a fragment is wanted."""

    user: Person  # type: ignore[assignment]
    htmx: HtmxDetails
