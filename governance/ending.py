"""Units whose planned end has come end, as if somebody pressed the button at that moment; called by beat."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from governance import reforms
from grids import planned_ends
from grids.models import EndState, PlannedEnd

log = logging.getLogger(__name__)


def end_due(*, now: datetime) -> int:
    """How many planned ends were settled: carried out, or refused with the reason. Any number may run at once."""
    settled = 0
    while _end_next(now):
        settled += 1
    return settled


@transaction.atomic
def _end_next(now: datetime) -> bool:
    planned = planned_ends.due(now)
    if planned is None:
        return False
    with translation.override(planned.planned_by.language or settings.LANGUAGE_CODE):
        try:
            with transaction.atomic():
                _carry_out(planned, now)
        except ValidationError as refused:
            _refuse(planned, " ".join(refused.messages), now)
        except PermissionDenied:
            _refuse(planned, _("Whoever planned it may not do it any more."), now)
        else:
            planned_ends.settle(planned, EndState.DONE, now=now, by=planned.planned_by)
    return True


def _carry_out(planned: PlannedEnd, now: datetime) -> None:
    heirs, actor = planned_ends.heirs_of(planned), planned.planned_by
    if heirs:
        reforms.succeed(old=planned.unit, heirs=heirs, actor=actor, now=now, people_follow=planned.people_follow)
    else:
        reforms.retire(unit=planned.unit, actor=actor, now=now)


def _refuse(planned: PlannedEnd, reason: str, now: datetime) -> None:
    log.warning("the planned end %d of unit %s was refused: %s", planned.pk, planned.unit_id, reason)
    planned_ends.settle(planned, EndState.REFUSED, now=now, refusal=reason)
