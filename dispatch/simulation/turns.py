"""The turns that the less usual incidents take, and which of them every story must contain. Pure."""

import random
from dataclasses import dataclass
from datetime import datetime

from dispatch.simulation.matters import LEVELS
from incidents.states import Urgency


@dataclass(frozen=True)
class Turn:
    """`level`: at least where it ends (if `exact`, just there); `share`: of a thousand incidents that climb so far."""

    name: str
    level: str
    share: int
    urgency: Urgency | None = None
    exact: bool = False

    def fits(self, level: str, urgency: Urgency) -> bool:
        """Whether an incident of that level and urgency may take it."""
        if self.urgency is not None and urgency == Urgency.NORMAL:
            return False
        if self.urgency is None and urgency != Urgency.NORMAL:
            return False
        here, there = LEVELS.index(self.level), LEVELS.index(level)
        return there == here if self.exact else there >= here


TURNS = (
    Turn("dismiss", "village", 26, exact=True),
    Turn("dismiss_reopen", "village", 5, exact=True),
    Turn("transfer", "village", 14, exact=True),
    Turn("merge", "village", 16, exact=True),
    Turn("unmerge", "village", 4, exact=True),
    Turn("late_accept", "village", 20),
    Turn("late_check", "village", 22),
    Turn("slow_handle", "village", 14, exact=True),
    Turn("rework", "village", 30),
    Turn("reopen", "village", 14),
    Turn("on_site", "village", 24),
    Turn("send_back", "village", 24, exact=True),
    Turn("suspend", "town", 12),
    Turn("suspend_short", "town", 12),
    Turn("suspend_resume", "town", 8),
    Turn("suspend_refused", "town", 8),
    Turn("void", "village", 8, exact=True),
    Turn("void_refused", "village", 4, exact=True),
    Turn("together", "district", 120),
    Turn("to_town", "district", 50),
    Turn("return", "district", 45),
    Turn("return_together", "district", 25),
    Turn("waive", "district", 25),
    Turn("recall_order", "district", 22),
    Turn("recall", "district", 22),
    Turn("late_sign", "district", 45),
    Turn("late_finish", "district", 30),
    Turn("rework_orders", "district", 35),
    Turn("past_tier", "district", 220, urgency=Urgency.URGENT, exact=True),
    Turn("arrive", "district", 300, urgency=Urgency.URGENT, exact=True),
)
BY_NAME = {turn.name: turn for turn in TURNS}


def happens(level: str, urgency: Urgency, dice: random.Random) -> str:
    """The turn that an incident takes by chance, mostly none."""
    fits = [turn for turn in TURNS if turn.fits(level, urgency)]
    drawn = dice.uniform(0, 1000)
    for turn in fits:
        drawn -= turn.share
        if drawn < 0:
            return turn.name
    return ""


def must_happen(moments: list[datetime], *, before: datetime, dice: random.Random) -> dict[int, str]:
    """Which of the births take which turn for certain: one for each, none of those after `before`.

    With too few births before that the last turns of the table are left out.
    """
    early = [number for number, moment in enumerate(moments) if moment < before]
    chosen = sorted(dice.sample(early, min(len(early), len(TURNS))))
    names = [turn.name for turn in TURNS][: len(chosen)]
    dice.shuffle(names)
    return dict(zip(chosen, names, strict=True))
