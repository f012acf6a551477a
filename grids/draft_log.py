"""The log of a plan: every edit with what undoes it, and every decision about it; who, when, in words."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from grids.draft_words import words
from grids.models import Person, Plan, PlanOperation

# The steps that draw; what else stands in the log cannot be undone.
EDITS = frozenset(
    {"split", "merge", "move", "insert", "remove", "assign", "carve", "paint", "repair", "describe", "officer",
     "retire", "propose"}
)  # fmt: skip
CHANGES = EDITS | {"undo", "redo"}
# Of a row of plans: who drew there last, NULL where nothing was drawn since it was begun.
LAST_EDITOR = Subquery(
    PlanOperation.objects.filter(plan=OuterRef("pk"), kind__in=CHANGES).order_by("-revision").values("actor")[:1]
)


def record(
    *,
    plan: Plan,
    kind: str,
    now: datetime,
    actor: Person | None,
    args: dict[str, Any] | None = None,
    said: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    of: PlanOperation | None = None,
) -> PlanOperation:
    """Append a step. The plan's revision goes on by one and is not saved here."""
    said = said or {}
    plan.revision += 1
    return PlanOperation.objects.create(
        plan=plan,
        revision=plan.revision,
        kind=kind,
        args={**(args or {}), "said": said},
        before=before or {},
        after=after or {},
        of=of,
        note=words(kind, said)[:300],
        actor=actor,
        at=now,
    )


def in_words(step: PlanOperation) -> str:
    """The step in the reader's language."""
    return words(step.kind, step.args.get("said", {}))


@dataclass(frozen=True)
class Step:
    """An edit that may be taken back or done again."""

    pk: int
    kind: str
    said: dict[str, Any]


@dataclass(frozen=True)
class Steps:
    """What undo would take back and redo would do again; None where there is nothing."""

    undo: Step | None
    redo: Step | None

    def words(self) -> dict[str, str | None]:
        return {name: words(step.kind, step.said) if step else None for name, step in vars(self).items()}


# Only what was undone since the last edit can be done again: a new edit ends that branch. What was undone last comes
# first, which is the earliest.
_STEPS = """
with last as (select revision from grids_planoperation where plan_id = %(plan)s and kind = any(%(edits)s)
  order by revision desc limit 1)
(select 'undo', id, kind, args -> 'said' from grids_planoperation
  where plan_id = %(plan)s and kind = any(%(edits)s) and not is_undone order by revision desc limit 1)
union all
(select 'redo', e.id, e.kind, e.args -> 'said' from grids_planoperation u join grids_planoperation e on e.id = u.of_id
  where u.plan_id = %(plan)s and u.revision > (select revision from last) and u.kind = 'undo' and e.is_undone
  order by e.revision limit 1)
"""


def steps(plan: Plan) -> Steps:
    """The next step back and the next one forward. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"plan": plan.pk, "edits": sorted(EDITS)})
        found = {way: Step(pk, kind, _loaded(said)) for way, pk, kind, said in cursor.fetchall()}
    return Steps(found.get("undo"), found.get("redo"))


def _loaded(said: Any) -> dict[str, Any]:
    # Outside of the ORM the driver hands JSON over as text.
    loaded: dict[str, Any] = json.loads(said) if isinstance(said, str) else said or {}
    return loaded


def since(plan: Plan, revision: int) -> list[PlanOperation]:
    """The steps that changed areas after a revision, oldest first."""
    later = _log(plan).filter(revision__gt=revision, kind__in=CHANGES).defer("before", "after")
    return list(later.select_related("actor").order_by("revision")[:50])


def page(plan: Plan, *, before: int | None = None, most: int = 50) -> list[PlanOperation]:
    """The log, newest first; `before` a revision, for the next page."""
    found = _log(plan).defer("before", "after").select_related("actor").order_by("-revision")
    return list(found.filter(revision__lt=before)[:most] if before is not None else found[:most])


def last_editor(plan: Plan) -> int | None:
    """Who changed the plan last by drawing, be it by undo."""
    step = _log(plan).filter(kind__in=CHANGES).order_by("-revision").values_list("actor", flat=True).first()
    return step or plan.created_by_id


def decided(plan: Plan) -> QuerySet[PlanOperation]:
    """The pockets that were assigned and still are, oldest first."""
    given = _log(plan).filter(is_undone=False, kind__in=["assign", "repair"], args__said__as__startswith="assign")
    return given.defer("before", "after").select_related("actor").order_by("revision")


def grids_ended(plan: Plan) -> set[str]:
    """The codes of the grids that the plan ends on purpose: by a step that is not undone."""
    ended = set()
    standing = _log(plan).filter(kind__in=EDITS, is_undone=False)
    for args, before in standing.values_list("args", "before").iterator():
        ended |= {args["said"]["ended"]} if "ended" in args.get("said", {}) else set()
        ended |= {row["unit"] for row in before.get("areas", {}).values() if row and row["unit"]}
    return ended


def _log(plan: Plan) -> QuerySet[PlanOperation]:
    return PlanOperation.objects.filter(plan=plan)
