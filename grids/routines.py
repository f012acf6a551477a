"""Patrols and visits that come round: which are due in a grid on a day, and that one was walked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import permissions
from grids.duties import Right
from grids.models import Person, Round, Routine, RoutineKind, Unit
from grids.refusals import ForceRefused, constraints_as


@dataclass(frozen=True)
class Task:
    """A routine as it stands on one day: the day it fell due last, and the round that answered, if there is one."""

    routine: Routine
    day: date
    round: Round | None
    today: date

    @property
    def is_done(self) -> bool:
        return self.round is not None

    @property
    def is_late(self) -> bool:
        return self.round is None and self.day < self.today


def due_day(routine: Routine, today: date) -> date | None:
    """The last day up to `today` on which the routine fell due, or None if it has not begun or is over."""
    last = min(today, routine.until) if routine.until else today
    if last < routine.since:
        return None
    return last - timedelta(days=(last - routine.since).days % routine.every_days)


def tasks(grids: Collection[str], *, now: datetime) -> list[Task]:
    """What is to be walked in the grids today, and what was left from before; done ones of today last. Two queries."""
    today = timezone.localdate(now)
    running = Routine.objects.filter(Q(until__isnull=True) | Q(until__gte=today), grid__in=grids, since__lte=today)
    due = {routine: day for routine in running.select_related("grid") if (day := due_day(routine, today))}
    walked = {
        (each.routine_id, each.day): each
        for each in Round.objects.filter(routine__in=due, day__in=set(due.values())).select_related("person")
    }
    found = [Task(routine, day, walked.get((routine.pk, day)), today) for routine, day in due.items()]
    # A round answered on an earlier day is no task of today.
    shown = [task for task in found if not task.round or timezone.localdate(task.round.done_at) == today]
    return sorted(shown, key=lambda task: (task.is_done, task.day, task.routine.kind, task.routine.title))


@transaction.atomic
def walk(
    *, routine: Routine, day: date, person: Person, now: datetime, is_abnormal: bool = False, remark: str = ""
) -> Round:
    """The round that answers the routine's due `day`. Raises ForceRefused if it was walked, is not due or says nothing.

    Only who may report in the grid walks there, or PermissionDenied.
    """
    permissions.require(person, Right.REPORT, routine.grid_id, now=now)
    if day != due_day(routine, timezone.localdate(now)):
        raise ForceRefused(_("This round is not due."), code="round_not_due")
    walked = Round(routine=routine, day=day, person=person, done_at=now, is_abnormal=is_abnormal, remark=remark.strip())
    with constraints_as(ForceRefused, Round):
        walked.save()
    return walked


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One routine, for `plan_all`."""

    grid: str
    kind: RoutineKind
    title: str
    place: str
    every_days: int
    since: date


@transaction.atomic
def plan_all(*, planned: Iterable[Planned]) -> int:
    """The routines of many grids, for an import; all or none."""
    rows = [
        Routine(
            grid_id=each.grid,
            kind=each.kind,
            title=each.title,
            place=each.place,
            every_days=each.every_days,
            since=each.since,
        )
        for each in planned
    ]
    with constraints_as(ForceRefused, Routine):
        return len(Routine.objects.bulk_create(rows, batch_size=1000))


@transaction.atomic
def plan(
    *,
    grid: Unit,
    kind: RoutineKind,
    title: str,
    every_days: int,
    since: date,
    now: datetime,
    until: date | None = None,
    place: str = "",
    actor: Person | None = None,
) -> Routine:
    """A routine that comes round in the grid from `since` on. Raises ForceRefused for what cannot come round."""
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, grid, now=now)
    if not grid.is_grid or grid.is_retired:
        raise ForceRefused(_("A routine belongs to a grid."), code="routine_at_a_grid")
    if not title.strip():
        raise ForceRefused(_("Say what is looked at."), code="routine_has_title")
    routine = Routine(
        grid=grid, kind=kind, title=title.strip(), place=place.strip(), every_days=every_days, since=since, until=until
    )
    with constraints_as(ForceRefused, Routine):
        routine.save()
    return routine


def end(*, routine: Routine, now: datetime, actor: Person | None = None) -> None:
    """The routine over with the day before `now`'s; what was walked stays. One that never began is gone."""
    if actor is not None:
        permissions.require(actor, Right.ADMINISTER, routine.grid_id, now=now)
    end_all(Routine.objects.filter(pk=routine.pk), now=now)


@transaction.atomic
def end_all(routines: QuerySet[Routine], *, now: datetime) -> None:
    """`end` for many, by the same rule. Four statements."""
    ending = list(routines.select_for_update().order_by("pk"))
    walked = Round.objects.filter(routine__in=ending).values_list("routine").annotate(Max("day")).order_by()
    latest, yesterday = dict(walked), timezone.localdate(now) - timedelta(days=1)
    never, over = [], []
    for routine in ending:
        last = max(yesterday, latest.get(routine.pk, yesterday))
        if last < routine.since:
            never.append(routine.pk)
        elif routine.until is None or routine.until > last:
            routine.until = last
            over.append(routine)
    Routine.objects.filter(pk__in=never).delete()
    Routine.objects.bulk_update(over, ["until"], batch_size=1000)


def of_grid(grid: str, *, now: datetime) -> list[Routine]:
    """The routines that still come round in a grid."""
    today = timezone.localdate(now)
    return list(Routine.objects.filter(Q(until__isnull=True) | Q(until__gte=today), grid=grid))
