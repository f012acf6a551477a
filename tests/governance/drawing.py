"""Short words for drawing, approving and publishing a plan in a test."""

from datetime import datetime
from typing import Any

from governance import redraw
from grids import approvals, draft_edits, draft_rows, drafts
from grids.draft_rows import Row
from grids.drafts import Wish
from grids.models import Person, Plan, Unit
from tests.cast import SIDE, SOUTH, WEST, Cast


class Drawing:
    """A plan of the cast's administrator, from what is published to what shall be."""

    def __init__(self, cast: Cast, scope: Unit, *, now: datetime, title: str = "重划") -> None:
        self.cast, self.now = cast, now
        wish = Wish(title, reason="人口增加")
        self.plan = drafts.begin(scope=scope, wish=wish, actor=cast.administrator, now=now)

    @property
    def rows(self) -> dict[int, Row]:
        return draft_rows.read(self.plan.pk)

    def key_of(self, code: str) -> int:
        """The number of the area that carries on a grid."""
        (key,) = (key for key, row in self.rows.items() if row.unit == code)
        return key

    def edit(self, kind: str, **args: Any) -> set[int]:
        """Make an edit; the numbers of the areas that changed."""
        seen = Plan.objects.get(pk=self.plan.pk).revision
        given = {"plan_id": self.plan.pk, "seen": seen, "actor": self.cast.administrator, "now": self.now}
        return set(draft_edits.operate(**given, kind=kind, args=args).changed)

    def split(self, code: str, *, east: float) -> list[int]:
        """Cut a grid of the row from south to north, `east` sides from the row's western end; pieces west to east."""
        west = WEST + SIDE * east
        line = [[west, SOUTH - SIDE / 10], [west, SOUTH + SIDE * 1.1]]
        pieces = self.edit("split", key=self.key_of(code), line=line)
        return sorted(pieces, key=lambda key: self.rows[key].shape.centroid.x)

    def name(self, key: int, officer: Person | None, vacant_reason: str = "") -> None:
        """Name the officer of an area, or say why it has none."""
        row = self.rows[key]
        if (row.officer, row.vacant_reason) != (officer.pk if officer else None, vacant_reason):
            self.edit("officer", key=key, person=officer.pk if officer else None, vacant_reason=vacant_reason)

    def approved(self, publish_at: datetime | None = None) -> Plan:
        """The plan, proven by the administrator and approved by the district's head."""
        verdict = approvals.prove(plan_id=self.plan.pk, actor=self.cast.administrator, now=self.now)
        assert verdict.holds, [fault.words for fault in verdict.faults]
        head = self.cast.town_head if len(self.plan.scope_id) > 6 else self.cast.district_head
        return approvals.approve(plan_id=self.plan.pk, actor=head, now=self.now, reason="同意", publish_at=publish_at)

    def published(self, now: datetime | None = None) -> Plan:
        """The plan, approved and published."""
        self.approved()
        return redraw.publish(plan_id=self.plan.pk, actor=self.cast.administrator, now=now or self.now)
