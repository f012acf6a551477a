"""A map file published as it is (`manage.py load_boundaries`): open incidents follow their points in the same step."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from dispatch import redrawn as dispatch_redrawn
from grids import boundary_files, plans
from grids.boundary_files import BoundaryFileRefused, Published
from grids.models import Boundary
from incidents import rehoming
from incidents.rehoming import Redrawn


@transaction.atomic
def load(*, now: datetime, **given: Any) -> Published:
    """As `grids.boundary_files.load`, which says what may be given.

    Raises BoundaryFileRefused also where areas in force would change later on.
    """
    done = boundary_files.load(now=now, **given)
    if done.plan is None:
        return done
    at = done.plan.effective_at
    if Boundary.objects.filter(unit__in=done.changed, valid__endswith=at).exists():
        if at != now:
            raise BoundaryFileRefused(
                _("Areas in force change at once here: bring the file to “Grid division” to publish it later.")
            )
        areas = plans.in_force(done.plan.scope_id)
        ground = Redrawn(before=frozenset(done.changed), after={code: areas[code] for code in done.changed})
        moving = rehoming.locked(rehoming.foresee(ground))
        dispatch_redrawn.carry_out(redrawn=ground, moving=moving, plan_id=done.plan.pk, now=now)
    return done
