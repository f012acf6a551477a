"""An account is opened with a first post, gets a new password, or is closed. Passwords given out are used once.

Whoever may administer every unit a person serves may do this for that person, and nobody else: giving a new
password is as strong as holding the person's posts.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from grids import permissions, posts, selectors, wire
from grids.duties import Duty, Right
from grids.models import Person, Post, Unit

# No letters or digits that look alike on paper or sound alike on the phone.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 3, 4


@dataclass(frozen=True)
class Opened:
    """A person with the password they sign in with once."""

    person: Person
    password: str


def one_time_password() -> str:
    """Twelve characters in three groups, about 59 bits, easy to read out."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _n in range(_GROUP)) for _g in range(_GROUPS))


@transaction.atomic
def open_account(
    *,
    unit: Unit,
    username: str,
    full_name: str,
    phone: str,
    duty: Duty,
    since: datetime,
    now: datetime,
    actor: Person,
    until: datetime | None = None,
    is_primary: bool = False,
    origin: str = "",
) -> Opened:
    """A new person in a first post at `unit`, who must choose a password at the first sign-in.

    Raises ValidationError for a taken user name, PostRefused as `posts.appoint` does, PermissionDenied.
    """
    permissions.require(actor, Right.ADMINISTER, unit, now=now)
    password = one_time_password()
    person = Person(
        username=Person.normalize_username(username.strip()),
        full_name=full_name.strip(),
        phone=phone.strip(),
        must_change_password=True,
    )
    person.set_password(password)
    person.full_clean()
    person.save(force_insert=True)
    posts.appoint(
        unit=unit, person=person, duty=duty, since=since, until=until, is_primary=is_primary, origin=origin,
        actor=actor, now=now,
    )  # fmt: skip
    return Opened(person, password)


def may_manage(actor: Person, person: Person, *, now: datetime) -> bool:
    """Whether `actor` administers every unit `person` serves or will serve (at least one, ever) and is another."""
    if actor.pk == person.pk or (person.is_superuser and not actor.is_superuser):
        return False
    if actor.is_superuser:
        return True
    held = Post.objects.filter(person=person, period__isempty=False)
    units = set(
        held.filter(Q(period__endswith__isnull=True) | Q(period__endswith__gt=now)).values_list("unit", flat=True)
    )
    units = units or set(held.order_by("-id").values_list("unit", flat=True)[:1])
    return bool(units) and all(permissions.allows(actor, Right.ADMINISTER, unit, now=now) for unit in units)


@transaction.atomic
def renew_password(*, person: Person, actor: Person, now: datetime) -> str:
    """A new one-time password; the old one and every session of the person end. Raises PermissionDenied."""
    _require(actor, person, now)
    password = one_time_password()
    person.set_password(password)
    person.must_change_password = True
    person.save(update_fields=["password", "must_change_password"])
    _end_tokens(person)
    wire.people_changed([person.pk])
    return password


@transaction.atomic
def close_account(*, person: Person, actor: Person, now: datetime) -> None:
    """The person can no longer sign in and leaves every post at `now`; the record of what they did stays."""
    _require(actor, person, now)
    leaving = Post.objects.filter(_not_over(now), person=person, period__isempty=False)
    served = list(leaving.values_list("unit", flat=True))
    if served:
        # A redraw there that names the person for a grid comes before or after, not in between.
        selectors.hold(*served)
    person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    person.is_active = False
    person.save(update_fields=["is_active"])
    # A session of a closed account opens nothing any more (`PersonBackend`); a program's token ends here.
    _end_tokens(person)
    wire.people_changed([person.pk])
    for post in leaving:
        posts.relieve(post=post, at=now, actor=actor, now=now)


@transaction.atomic
def reopen_account(*, person: Person, actor: Person, now: datetime) -> str:
    """The account may be used again, with a new one-time password; posts must be given anew."""
    _require(actor, person, now)
    person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    password = one_time_password()
    person.set_password(password)
    person.is_active = person.must_change_password = True
    person.save(update_fields=["password", "is_active", "must_change_password"])
    return password


def change_particulars(*, person: Person, actor: Person, now: datetime, full_name: str, phone: str) -> Person:
    """The person under another name or phone. Raises PermissionDenied, ValidationError for an empty name."""
    _require(actor, person, now)
    person.full_name, person.phone = full_name.strip(), phone.strip()
    person.clean_fields(
        exclude=[field.name for field in Person._meta.fields if field.name not in ("full_name", "phone")]
    )
    person.save(update_fields=["full_name", "phone"])
    return person


def _end_tokens(person: Person) -> None:
    """Programs that act for the person must be let in anew."""
    tokens = getattr(person, "auth_token_set", None)
    if tokens is not None:
        tokens.all().delete()


def _not_over(now: datetime) -> Q:
    """Posts in force or to come; an open end is NULL, which a negated comparison would lose."""
    return Q(period__endswith__isnull=True) | Q(period__endswith__gt=now)


def _require(actor: Person, person: Person, now: datetime) -> None:
    if not may_manage(actor, person, now=now):
        raise PermissionDenied(_("You have no duty here that allows this."))
