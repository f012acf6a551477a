"""Too many wrong passwords lock an account for a while, and many more an address; two counters, one for each.

An office shares one address, so one person's slips must not lock out the others. Names that do not exist are
counted alike: nobody learns from a lock whether there is such an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from grids import audit
from grids.models import AuditAct, Person

KIND = "grids_person"


class LockoutBackend(AxesStandaloneBackend):
    """Refuses a locked account or address before any password is looked at."""

    def authenticate(self, request: HttpRequest | None, *args: Any, **named: Any) -> None:
        # Without a request nobody signs in from outside: a command or a test.
        if request is not None:
            super().authenticate(request, *args, **named)


class LockoutHandler(AxesDatabaseHandler):
    """Counts by account and by address, each against its own number, and writes refusals into the audit list."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Failures of the account; those of the address on the account's scale, so that one number decides."""
        of_account, of_address = self.get_user_attempts(request, credentials)
        # A socket of this machine is nobody's address.
        return _worse(of_account, of_address if request.axes_ip_address else None)

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """A success forgives the account only: the address may be trying others."""
        deleted, _by_table = self.filter_user_attempts(request, credentials)[0].delete()
        return deleted

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **named: Any) -> None:
        # What is refused because it is locked already is not written again and again.
        already = request is None or getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **named)
        if already:
            return
        username = str(credentials.get("username") or "")
        person = Person.objects.filter(username=username.replace("\0", "")).values_list("pk", flat=True).first()
        address = audit.address_of(request)
        # Somebody who types the password into the wrong field must not find it here.
        said = {"username": username[:60]} if person else {"username": f"{username[:1]}***"}
        words: dict[str, Any] = {
            "kind": KIND,
            "object_id": str(person or ""),
            "person": person,
            "address": address,
            "after": said,
        }
        audit.note(act=AuditAct.REFUSED, **words)
        if getattr(request, "axes_locked_out", False):
            audit.note(act=AuditAct.LOCKED, **words)


def failures(request: HttpRequest, username: str) -> int:
    """How often a sign-in with this name failed within the span of a lock, or from this address on the same scale.

    Two queries; the whole number at which an account locks is AXES_FAILURE_LIMIT.
    """
    lately = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - _span())
    address = audit.address_of(request)
    return _worse(
        lately.filter(username=username.replace("\0", "")), lately.filter(ip_address=address) if address else None
    )


def _worse(of_account: "QuerySet[AccessAttempt]", of_address: "QuerySet[AccessAttempt] | None") -> int:
    by_address = 0 if of_address is None else _failures(of_address)
    return max(_failures(of_account), by_address * settings.AXES_FAILURE_LIMIT // settings.AUTH_ADDRESS_FAILURES)


def _failures(attempts: "QuerySet[AccessAttempt]") -> int:
    return attempts.aggregate(all=Sum("failures_since_start"))["all"] or 0


@dataclass(frozen=True)
class Lock:
    """A locked account (`username`, with its person if there is one) or address."""

    until: datetime
    failures: int
    username: str = ""
    person: Person | None = None
    address: str = ""


def locks(*, now: datetime) -> list[Lock]:
    """Everything locked at `now`, the latest first. Three queries."""
    lately = AccessAttempt.objects.filter(attempt_time__gt=now - _span())
    by_name = _over(lately, "username", settings.AXES_FAILURE_LIMIT)
    people = {person.username: person for person in Person.objects.filter(username__in=by_name)}
    found = [
        Lock(until, failures, username=name, person=people.get(name)) for name, (until, failures) in by_name.items()
    ]
    by_address = _over(lately, "ip_address", settings.AUTH_ADDRESS_FAILURES)
    found += [Lock(until, failures, address=address) for address, (until, failures) in by_address.items()]
    return sorted(found, key=lambda lock: lock.until, reverse=True)


def locked_until(person: Person, *, now: datetime) -> datetime | None:
    """When the account opens again, or None if it is not locked. One query."""
    lately = AccessAttempt.objects.filter(attempt_time__gt=now - _span(), username=person.username)
    found = _over(lately, "username", settings.AXES_FAILURE_LIMIT)
    return found[person.username][0] if found else None


def unlock(*, username: str = "", address: str = "", actor: Person, from_address: str | None = None) -> int:
    """Forget the failures of an account or of an address; returns how many. The caller asks the right."""
    if bool(username) == bool(address):
        raise ValueError("name an account or an address")
    attempts = AccessAttempt.objects.filter(username=username) if username else (
        AccessAttempt.objects.filter(ip_address=address)
    )  # fmt: skip
    forgotten = _failures(attempts)
    attempts.delete()
    person = Person.objects.filter(username=username).values_list("pk", flat=True).first() if username else None
    audit.note(
        act=AuditAct.UNLOCKED, kind=KIND, object_id=str(person or ""), person=person, actor=actor,
        address=from_address, after={"username": username} if username else {"address": address},
    )  # fmt: skip
    return forgotten


def _over(attempts: "QuerySet[AccessAttempt]", field: str, limit: int) -> dict[str, tuple[datetime, int]]:
    """Until when each name or address with at least `limit` failures is locked, and how many there were."""
    counted = attempts.exclude(**{f"{field}__isnull": True}).values(field).order_by()
    totals = counted.annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
    over = totals.filter(failures__gte=limit).values_list(field, "failures", "last")
    return {key: (last + _span(), failures) for key, failures, last in over}


def _span() -> timedelta:
    return timedelta(minutes=settings.AUTH_LOCK_MINUTES)
