"""Who may sign in."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser

from grids.models import Person


class PersonBackend(ModelBackend):
    """Active people by user name and password; demo accounts, whose password is printed, only in a demo."""

    def user_can_authenticate(self, user: Person | AnonymousUser | None) -> bool:
        if isinstance(user, Person) and user.is_demo and not settings.DEMO:
            return False
        return super().user_can_authenticate(user)
