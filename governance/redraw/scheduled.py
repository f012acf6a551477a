"""Plans whose moment has come publish themselves; of one that could not its approver hears why."""

import logging
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from governance import redraw
from grids import house
from grids.models import Plan, PlanStatus

log = logging.getLogger(__name__)

# So long after its moment a deadlock, a time limit or a lost connection is answered by trying again.
PATIENCE = timedelta(minutes=15)


def publish_due(*, now: datetime) -> int:
    """How many approved plans whose moment has come were published; each in a transaction of its own, oldest first.

    One that is refused is not tried again by itself: it keeps the reason, and somebody must look at it. Whatever
    happens to one plan, those behind it are tried too.
    """
    due = Plan.objects.filter(status=PlanStatus.APPROVED, publish_at__lte=now).order_by("publish_at", "pk")
    return sum(_publish(pk, now) for pk in due.values_list("pk", flat=True))


def _publish(plan_id: int, now: datetime) -> bool:
    try:
        redraw.publish(plan_id=plan_id, actor=None, now=now)
        return True
    except ValidationError as refused:
        # What is in force began after it: by a clock that was set back since.
        waits = getattr(refused, "code", None) == "plan_out_of_order"
        _give_up(plan_id, " ".join(refused.messages), now, if_due_before=now - PATIENCE if waits else None)
    except OperationalError:
        log.warning("plan %d was not published, for once", plan_id, exc_info=True)
        if not connection.is_usable():
            connection.close()
        _give_up(plan_id, _failed(), now, if_due_before=now - PATIENCE)
    except Exception:
        # A fault of ours: it must not keep the plans behind it from being published.
        log.exception("plan %d was not published", plan_id)
        _give_up(plan_id, _failed(), now)
    return False


def _failed() -> str:
    return _("The server failed at it: see its log.")


@transaction.atomic
def _give_up(plan_id: int, why: str, now: datetime, *, if_due_before: datetime | None = None) -> None:
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan_id)
    if plan.status != PlanStatus.APPROVED or plan.publish_at is None or plan.publish_at > (if_due_before or now):
        # Somebody was faster or thought better of it, or it is tried again at the next beat.
        return
    plan.publish_fault, plan.publish_at = why, None
    plan.save(update_fields=["publish_fault", "publish_at"])
    house.note_plan("plan_not_published", plan, actor=None, now=now, fault=why)
