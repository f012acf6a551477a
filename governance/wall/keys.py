"""Wall keys are made, recognised and revoked here. Who may: auditors, duty chiefs and administrators of the unit."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from governance.models import WallKey
from grids import permissions, wire
from grids.duties import DUTIES_WITH_RIGHT, Right
from grids.models import Person, Post, Unit
from grids.subtrees import within

# Any one of these at the unit, or above it where the right flows down.
RIGHTS = (Right.AUDIT, Right.ADMINISTER, Right.GRANT)
LONGEST_DAYS = 366
TOKEN_BYTES = 32


def may_make(person: Person, unit: Unit | str, *, now: datetime) -> bool:
    """Whether `person` may make and revoke keys of the unit."""
    return any(permissions.allows(person, right, unit, now=now) for right in RIGHTS)


def may_make_some(person: Person, *, now: datetime) -> bool:
    """Whether any post gives the right anywhere. One query; whether it holds at a unit is asked there."""
    if person.is_superuser:
        return True
    duties = {duty for right in RIGHTS for duty in DUTIES_WITH_RIGHT[right]}
    return Post.objects.filter(person=person, duty__in=duties, period__contains=now).exists()


def units_for(person: Person, *, now: datetime) -> list[str]:
    """The units at which posts give `person` the right; those below are not spelled out.

    The keeper of the installation gets `[""]`, which stands for all.
    """
    if person.is_superuser:
        return [""]
    return sorted({code for right in RIGHTS for code in permissions.units_with_right(person, right, now=now)})


def make(*, person: Person, unit: Unit, name: str, days: int, now: datetime) -> tuple[WallKey, str]:
    """A new key and its secret, which nobody can read again. Raises PermissionDenied, ValidationError."""
    if not may_make(person, unit, now=now):
        raise PermissionDenied(_("You have no duty here that allows this."))
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError(_("A wall key is valid for 1 to %(days)d days."), params={"days": LONGEST_DAYS})
    secret = secrets.token_urlsafe(TOKEN_BYTES)
    key = WallKey.objects.create(
        unit=unit,
        name=name,
        digest=digest_of(secret),
        made_by=person,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    return key, secret


@transaction.atomic
def revoke(*, key_id: int, person: Person, now: datetime) -> WallKey:
    """End a key at once; a second time changes nothing. Raises WallKey.DoesNotExist, PermissionDenied."""
    key = WallKey.objects.select_for_update().get(pk=key_id)
    if not may_make(person, key.unit_id, now=now):
        raise PermissionDenied(_("You have no duty here that allows this."))
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by = now, person
        key.save(update_fields=["revoked_at", "revoked_by"])
        wire.key_changed(key.pk)
    return key


def recognised(secret: str, *, now: datetime) -> WallKey | None:
    """The key of a secret if it opens anything now: not revoked, not expired, its maker still entitled."""
    key = WallKey.objects.select_related("made_by", "unit").filter(digest=digest_of(secret)).first()
    if key is None or not is_valid(key, now=now) or not may_make(key.made_by, key.unit_id, now=now):
        return None
    return key


def is_valid(key: WallKey, *, now: datetime) -> bool:
    return key.revoked_at is None and now < key.expires_at


def listed(codes: Collection[str]) -> QuerySet[WallKey]:
    """The keys of the units with these codes and of those below, the newest first."""
    return WallKey.objects.filter(within(codes, "unit_id")).select_related("unit", "made_by", "revoked_by")


def digest_of(secret: str) -> str:
    """The secret has 256 random bits, so that a plain digest of it gives nothing away."""
    return hashlib.sha256(secret.encode()).hexdigest()
