"""Where people and the groups of units are reached outside the house: entered, proven by a code, read for a batch.

Nothing but a code is sent to an address before that code was typed in: nobody signs up somebody else.
"""

import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dispatch.audience import PRESSING, WAKING, Reason
from dispatch.channels import PURPOSE, ROBOTS, WAYS, Reached
from dispatch.models import TELLING, Address, Delivery, Hears
from grids import sealing
from grids.levels import UnitKind, kind_of_code
from grids.models import HouseEvent, Person, Unit
from incidents.models import IncidentEvent

# After so long a message is news no more.
GIVE_UP = timedelta(hours=24)

CODE_LIVES = timedelta(minutes=15)
CODE_PAUSE = timedelta(minutes=1)
CODES_A_DAY = 6
TRIES = 5


# -- read by the announcer ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Routes:
    """The addresses of a batch's people and units."""

    by_person: dict[int, list[Address]] = field(default_factory=dict)
    by_unit: dict[str, list[Address]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_person or self.by_unit)

    def of(self, people: Mapping[int, Reason], units: Mapping[str, Reason]) -> Iterator[tuple[Address, Reason]]:
        """The addresses that take what is told, each once."""
        for person, reason in people.items():
            yield from ((one, reason) for one in self.by_person.get(person, ()) if takes(one, reason))
        for unit, reason in units.items():
            yield from ((one, reason) for one in self.by_unit.get(unit, ()) if takes(one, reason))


def routes(*, people: Collection[int], units: Collection[str]) -> Routes:
    """The addresses in use of these people and units. One query, without what is sealed."""
    found = Routes()
    rows = Address.objects.filter(Q(person__in=people) | Q(unit__in=units), enabled=True).defer("sealed")
    for address in rows.order_by("pk"):
        if address.person_id is not None:
            found.by_person.setdefault(address.person_id, []).append(address)
        elif address.unit_id is not None:
            found.by_unit.setdefault(address.unit_id, []).append(address)
    return found


def takes(address: Address, reason: Reason) -> bool:
    """Whether the owner wants to be told of such things there."""
    return address.hears == Hears.ALL or reason in PRESSING


def available_at(address: Address, event: IncidentEvent | HouseEvent, reason: Reason, now: datetime) -> datetime:
    """When a message may be sent: now, or when the owner's quiet hours end. Red at a town or above wakes people up."""
    if address.quiet_from is None or address.quiet_to is None or wakes(event, reason):
        return now
    return quiet_until(address.quiet_from, address.quiet_to, now)


def wakes(event: IncidentEvent | HouseEvent, reason: Reason) -> bool:
    """Whether it is a red, or what follows from one, of a unit at the tier of a town or above."""
    if isinstance(event, HouseEvent):
        return False
    unit = str(event.details.get("card_unit") or event.unit_id or event.incident.holder_id)
    return reason in WAKING and kind_of_code(unit) not in (UnitKind.VILLAGE, UnitKind.GRID)


def quiet_until(quiet_from: time, quiet_to: time, now: datetime) -> datetime:
    """The end of the quiet hours that `now` lies in, else `now`; they may go over midnight, and both ends are local."""
    local = timezone.localtime(now)
    clock = local.time()
    over_midnight = quiet_from > quiet_to
    quiet = (clock >= quiet_from or clock < quiet_to) if over_midnight else quiet_from <= clock < quiet_to
    if not quiet:
        return now
    day = local.date() + timedelta(days=1 if over_midnight and clock >= quiet_from else 0)
    return datetime.combine(day, quiet_to, tzinfo=local.tzinfo)


# -- entered by people --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What somebody enters; an empty target leaves the one there is."""

    channel: str
    target: str = ""
    secret: str = ""
    name: str = ""
    hears: str = Hears.ALL
    quiet_from: time | None = None
    quiet_to: time | None = None


def ready_channels(*, for_group: bool = False) -> list[str]:
    """The channels this installation offers, to people or to the groups of units."""
    return [key for key, way in WAYS.items() if way.is_ready() and (not for_group or key in ROBOTS)]


def set_own(*, person: Person, wanted: Wanted, now: datetime) -> Address:
    """Keep what `person` entered for a channel; raises ValidationError. A new target must be proven anew."""
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        address = Address.objects.filter(person=person, channel=wanted.channel).first()
        address = address or Address(person=person, channel=wanted.channel)
        return _keep(address, wanted, person, now)


def set_robot(*, unit: Unit, wanted: Wanted, actor: Person, now: datetime, address: Address | None = None) -> Address:
    """Keep a robot of the unit's group; raises ValidationError, also for one that is there already."""
    if wanted.channel not in ROBOTS:
        raise ValidationError(_("A group is reached through a robot."))
    with transaction.atomic():
        return _keep(address or Address(unit=unit, channel=wanted.channel), wanted, actor, now)


def _keep(address: Address, wanted: Wanted, actor: Person, now: datetime) -> Address:
    way = WAYS[wanted.channel]
    if not way.is_ready():
        raise ValidationError(_("This installation does not send messages that way."))
    if wanted.target:
        target = way.clean(wanted.target, wanted.secret)
        secret = wanted.secret.strip() if way.has_secret else ""
        if not address.sealed or opened(address) != Reached(target, secret):
            address.sealed = sealing.seal(json.dumps([target, secret]), purpose=PURPOSE)
            address.hint, address.lane = way.hint(target)[:80], way.lane(target)
            address.proven_at, address.enabled, address.trouble = None, False, ""
    elif not address.sealed:
        raise ValidationError({"target": _("Where shall messages go?")})
    address.name, address.hears = wanted.name.strip(), wanted.hears
    address.quiet_from, address.quiet_to = wanted.quiet_from, wanted.quiet_to
    address.set_by, address.set_at = actor, now
    address.clean_fields(exclude=["person", "unit", "set_by", "proven_at", "coded_at"])
    address.validate_constraints()
    address.save()
    return address


def opened(address: Address) -> Reached:
    """Where it leads; raises sealing.Unsealable when the key it was sealed with is gone."""
    target, secret = json.loads(sealing.unseal(address.sealed, purpose=PURPOSE))
    return Reached(target, secret)


def send_code(*, address: Address, now: datetime) -> Delivery:
    """Put a code that proves the address on its way, or to a proven one a message to try it with.

    Raises ValidationError when that was asked for too often.
    """
    with transaction.atomic():
        address = Address.objects.select_for_update(of=("self",)).get(pk=address.pk)
        if not address.sealed:
            raise ValidationError(_("Where shall messages go?"))
        today = Delivery.objects.filter(~TELLING, address=address, created_at__gt=now - timedelta(days=1))
        latest = today.order_by("-pk").first()
        if today.count() >= CODES_A_DAY or (latest and now - latest.created_at < CODE_PAUSE):
            raise ValidationError(_("A message was sent there just now. Wait a little before you ask for another."))
        if address.proven_at is None:
            address.coded_at, address.tries = now, 0
            address.save(update_fields=["coded_at", "tries"])
        return Delivery.objects.create(address=address, available_at=now, give_up_at=now + CODE_LIVES, created_at=now)


def code_of(address: Address) -> str:
    """The six digits that were sent last; they follow from the address and the moment and are kept nowhere."""
    assert address.coded_at is not None
    text = f"{address.pk} {address.lane} {address.coded_at.timestamp():.6f}"
    return f"{int(sealing.digest(text, purpose='notice code'), 16) % 1_000_000:06d}"


def prove(*, address: Address, code: str, now: datetime) -> bool:
    """Whether `code` is the one that was sent there; if so the address is in use from now on. Five tries a code."""
    tried = Address.objects.filter(pk=address.pk, tries__lt=TRIES, coded_at__gt=now - CODE_LIVES)
    if not tried.update(tries=F("tries") + 1):
        return False
    address.refresh_from_db()
    if not address.sealed or not hmac.compare_digest(code_of(address), code.strip()[:6].rjust(6, "-")):
        return False
    address.proven_at, address.enabled, address.trouble, address.coded_at = now, True, "", None
    address.save(update_fields=["proven_at", "enabled", "trouble", "coded_at"])
    return True


def switch(*, address: Address, on: bool) -> None:
    """Use a proven address, or leave it alone for a while; raises ValidationError for one that is not proven."""
    if on and (address.proven_at is None or not address.sealed):
        raise ValidationError(_("Prove the address first, by the code that is sent there."))
    address.enabled = on
    address.trouble = "" if on else address.trouble
    address.save(update_fields=["enabled", "trouble"])


def remove(*, address: Address) -> None:
    """Forget where it leads; what was sent there stays on record without it."""
    address.sealed = address.hint = address.lane = address.trouble = ""
    address.enabled, address.proven_at, address.coded_at = False, None, None
    address.save()


def robots_under(units: Q) -> QuerySet[Address]:
    """The robots of the groups of these units (a condition on `unit`)."""
    found = Address.objects.filter(units, unit__isnull=False).exclude(sealed="")
    return found.select_related("unit", "set_by").order_by("unit", "pk")


def own(person: Person) -> dict[str, Address]:
    """The person's addresses by channel."""
    return {address.channel: address for address in Address.objects.filter(person=person).exclude(sealed="")}
