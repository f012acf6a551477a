"""Plans whose moment has come publish themselves; of one that could not its approver hears why."""

import logging
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from dispatch import redrawn
from governance import redraw
from grids.models import Plan, PlanStatus

log = logging.getLogger(__name__)


def publish_due(*, now: datetime) -> int:
    """How many approved plans whose moment has come were published; each in a transaction of its own, oldest first.

    One that is refused is not tried again by itself: it keeps the reason, and somebody must look at it.
    """
    due = Plan.objects.filter(status=PlanStatus.APPROVED, publish_at__lte=now).order_by("publish_at", "pk")
    return sum(_publish(pk, now) for pk in due.values_list("pk", flat=True))


def _publish(plan_id: int, now: datetime) -> bool:
    try:
        with transaction.atomic():
            plan = redraw.publish(plan_id=plan_id, actor=None, now=now)
            _tell(plan, {"published": True}, now)
        return True
    except ValidationError as refused:
        _give_up(plan_id, " ".join(refused.messages), now)
    except DatabaseError:
        log.exception("plan %d was not published", plan_id)
        _give_up(plan_id, _("The database refused it: see the log of the server."), now)
    return False


@transaction.atomic
def _give_up(plan_id: int, why: str, now: datetime) -> None:
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan_id)
    if plan.status != PlanStatus.APPROVED or plan.publish_at is None or plan.publish_at > now:
        # Somebody was faster, or thought better of it.
        return
    plan.publish_fault, plan.publish_at = why, None
    plan.save(update_fields=["publish_fault", "publish_at"])
    _tell(plan, {"fault": why}, now)


def _tell(plan: Plan, about: dict[str, Any], now: datetime) -> None:
    people = {pk for pk in (plan.approved_by_id, plan.created_by_id) if pk is not None}
    redrawn.tell_of_plan(plan_id=plan.pk, about=dict.fromkeys(people, about), now=now)
