"""What follows from a press, in one sentence said before it is made. Reads limits, writes nothing."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from grids.models import Unit
from incidents import limits
from incidents.explanations import amount_text
from incidents.limits import LimitMissing, Rules
from incidents.models import Incident, TimeLimit
from incidents.states import Stage


def limit_in_words(limit: TimeLimit) -> str:
    """ "4 working hours", "10 working days", "as the situation requires"."""
    return amount_text(limit.amount, limit.unit)


class Wording:
    """Sentences about one incident; all its limits are looked up in one query."""

    def __init__(self, incident: Incident, now: datetime, rules: Rules | None = None) -> None:
        self.incident, self.now = incident, now
        self.rules = rules or Rules(at=now)
        self._limits: dict[tuple[Stage, str], str] = {}

    def within(self, stage: Stage, unit: Unit) -> str:
        """The limit of `stage` at `unit` in words; empty where none is set."""
        key = (stage, unit.kind)
        if key not in self._limits:
            self._limits[key] = self._look_up(stage, unit)
        return self._limits[key]

    def _look_up(self, stage: Stage, unit: Unit) -> str:
        try:
            limit = self.rules.limit_id(self.incident, stage=stage, tier=unit.kind)
        except LimitMissing:
            return ""
        return limit_in_words(limits.limit_row(limit))

    def goes_to(self, unit: Unit, direction: str, name: str = "") -> str:
        """It leaves for another unit, which must accept it; `name` stands for one not chosen yet."""
        about = self._about(Stage.ACCEPT, unit)
        if name:
            about["unit"] = name
        if direction == "up":
            return _("Goes up to %(unit)s, which must accept within %(limit)s.") % about
        if direction == "down":
            return _("Goes back to %(unit)s, which must accept within %(limit)s.") % about
        return _("Goes over to %(unit)s, which must accept within %(limit)s.") % about

    def is_checked_by(self, unit: Unit) -> str:
        return _("Goes to %(unit)s for a check within %(limit)s.") % self._about(Stage.CHECK, unit)

    def stays(self, unit: Unit) -> str:
        return _("%(unit)s takes it in hand and must be done within %(limit)s.") % self._about(Stage.HANDLE, unit)

    def is_done_again(self, unit: Unit) -> str:
        return _("Goes back to %(unit)s, which must be done again within %(limit)s.") % self._about(Stage.HANDLE, unit)

    def is_signed_for(self, unit: Unit) -> str:
        return _("Each unit must sign for it within %(limit)s; your own time stands still meanwhile.") % self._about(
            Stage.SIGN, unit
        )

    def is_finished_by(self, unit: Unit) -> str:
        return _("%(unit)s must feed back within %(limit)s.") % self._about(Stage.FINISH, unit)

    def is_answered_by(self, units: Sequence[Unit]) -> str:
        """One of `units` is asked and must answer."""
        about = self._about(Stage.REPLY, units[0])
        if len(units) > 1:
            about["unit"] = _("the unit you choose")
        return _("Comes before %(unit)s, which must answer within %(limit)s.") % about

    def _about(self, stage: Stage, unit: Unit) -> dict[str, object]:
        return {"unit": unit, "limit": self.within(stage, unit)}
