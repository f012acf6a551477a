"""How old a password is, and which ones a person had before."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password

from grids.models import PasswordHistory, Person


def set_since(person: Person) -> datetime:
    """The moment from which the present password holds."""
    return person.password_set_at or person.created_at


def expires_at(person: Person) -> datetime | None:
    """When the password must be changed; None if it never must. The demo's printed one does not grow old."""
    days = settings.PASSWORD_DAYS
    if not days or person.is_demo:
        return None
    return set_since(person) + timedelta(days=days)


def is_expired(person: Person, *, now: datetime) -> bool:
    """Whether the person must choose another password before anything else."""
    end = expires_at(person)
    return end is not None and end <= now


def days_left(person: Person, *, now: datetime) -> int | None:
    """In how many days the password ends, while that is near enough to be said; else None."""
    end = expires_at(person)
    if end is None or end - now > timedelta(days=settings.PASSWORD_NOTICE_DAYS):
        return None
    return max(0, (end - now).days)


def changeable_from(person: Person, *, now: datetime) -> datetime | None:
    """The moment from which the person may change a password they chose themselves; None if that is now.

    Whoever could change it five times in a row would have the old one back.
    """
    if person.must_change_password or is_expired(person, now=now) or person.password_set_at is None:
        return None
    moment = person.password_set_at + timedelta(days=settings.PASSWORD_LEAST_DAYS)
    return moment if moment > now else None


def was_used(person: Person, raw: str) -> bool:
    """Whether `raw` is the present password of the person or one of the last ones. Slow, as hashes are."""
    if person.pk is None:
        return False
    former = PasswordHistory.objects.filter(person=person).values_list("password", flat=True)
    hashes = dict.fromkeys([person.password, *former[: settings.PASSWORD_HISTORY]])
    return any(check_password(raw, hashed) for hashed in hashes if hashed)


def remember(person: Person, *, now: datetime) -> None:
    """Keep the hash just set, forget those too old to matter, and begin the password's life at `now`."""
    PasswordHistory.objects.create(person=person, password=person.password, set_at=now)
    kept = PasswordHistory.objects.filter(person=person).values("pk")[: settings.PASSWORD_HISTORY]
    PasswordHistory.objects.filter(person=person).exclude(pk__in=kept).delete()
    person.password_set_at = now
    Person.objects.filter(pk=person.pk).update(password_set_at=now)
