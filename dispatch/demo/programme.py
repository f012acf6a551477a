"""Who appears in the demo: how many told plots of each sort, and when each begins. The rest is simulated."""

from collections.abc import Callable, Iterator

from dispatch.demo.card_plots import department_carded, town_carded, urged
from dispatch.demo.player import Player
from dispatch.demo.plots import (
    HOME_TOWN,
    HOME_VILLAGE,
    asked_to_suspend,
    by_a_department,
    by_the_village,
    by_town_office,
    dismissed,
    dispatched,
    drawn,
    in_hand,
    merged,
    past_a_tier,
    reopened,
    reported,
    returned,
    reworked,
    sent_back,
    settled,
    suspended,
    to_check,
    to_the_town,
    together,
    transferred,
    urgent_at_the_top,
    voided,
)  # fmt: skip
from dispatch.simulation.timeline import Plot


def cast(player: Player) -> Iterator[Plot]:
    """Every plot of the demo, in a fixed order."""
    for count, make in _counts(player):
        for number in range(count):
            yield make(number)


def _counts(p: Player) -> list[tuple[int, Callable[[int], Plot]]]:
    home, town = p.district + HOME_VILLAGE, p.district + HOME_TOWN
    grid = home + "001"
    return [
        # The officer's day, and what the supervisor of the same grid is to look at.
        (6, lambda n: settled(p, p.minutes_ago(12 + 31 * n), grid if n % 2 == 0 else home)),
        (1, lambda n: drawn(p, p.minutes_ago(60 * 44), home)),
        (1, lambda n: to_check(p, p.ago(5), answered=2, under=grid)),
        (3, lambda n: by_the_village(p, p.ago(12 + 4 * n))),
        (2, lambda n: by_the_village(p, p.ago(5 + n), checked=0.4 + n * 0.7)),
        (3, lambda n: by_a_department(p, p.ago(24 + 3.6 * n))),
        (2, lambda n: by_a_department(p, p.ago(14 + n), checked=0.5 + n * 0.9)),
        # Waiting for a check: fresh, near due, overdue.
        (2, lambda n: to_check(p, p.ago(9 + n), answered=1 + n, under=town if n == 0 else "")),
        (1, lambda n: to_check(p, p.ago(12), answered=6.2)),
        (2, lambda n: to_check(p, p.ago(16 + n), answered=9 + n, under=town if n == 0 else "")),
        (3, lambda n: by_a_department(p, p.ago(12 + 2 * n), checked=99)),
        # With departments: to be signed for (fresh, near due, overdue), at work, several at once, sent back.
        (2, lambda n: dispatched(p, p.ago(9 + n), unit="D03" if n == 0 else "")),
        (1, lambda n: dispatched(p, p.ago(13 + n), ordered=9 + n, unit="D03")),
        (1, lambda n: dispatched(p, p.ago(24 + n), ordered=17 + n)),
        (3, lambda n: dispatched(p, p.ago(18 + 2 * n), ordered=12 + n, signed=10 + n, unit="D03" if n < 2 else "")),
        (1, lambda n: dispatched(p, p.ago(30 + n), ordered=16 + n, signed=14.5 + n, routine=True, unit="D03")),
        (2, lambda n: together(p, p.ago(20 + n))),
        (2, lambda n: returned(p, p.ago(18 + n), replaced=n == 1)),
        (2, lambda n: to_the_town(p, p.ago(15 + n))),
        (2, lambda n: by_town_office(p, p.ago(14 + 2 * n))),
        # Waiting to be accepted: fresh, near due, climbed to town and district by the clock, overdue at the top.
        (5, lambda n: reported(p, p.ago(0.2 + 0.35 * n), home if n < 3 else "")),
        (2, lambda n: reported(p, p.ago(3.3 + 0.2 * n), home if n == 0 else "")),
        (2, lambda n: reported(p, p.ago(5.4 + n), town if n == 0 else "")),
        (1, lambda n: reported(p, p.ago(9.2 + n))),
        (1, lambda n: reported(p, p.ago(11.5))),
        (2, lambda n: reported(p, p.ago(13.5 + 3 * n))),
        (2, lambda n: reported(p, p.minutes_ago(8 + 14 * n), urgency="urgent")),
        # In hand: village, town, district; half a way through the limit; urgent and overdue at the top.
        (2, lambda n: in_hand(p, p.ago(4 + 4 * n), under=home if n == 0 else "")),
        (2, lambda n: in_hand(p, p.ago(37 + 2 * n))),
        (2, lambda n: in_hand(p, p.ago(9 + 3 * n), tiers=1, under=town if n == 0 else "")),
        (2, lambda n: in_hand(p, p.ago(10 + 3 * n), tiers=2)),
        (2, lambda n: urgent_at_the_top(p, p.minutes_ago(60 * (29 + 9 * n)))),
        (1, lambda n: urgent_at_the_top(p, p.minutes_ago(60 * 21.5))),
        # Less usual ways.
        (2, lambda n: suspended(p, p.ago(26 + 3 * n), tiers=1 + n % 2)),
        (1, lambda n: suspended(p, p.ago(25), tiers=2, at_work=True)),
        (2, lambda n: asked_to_suspend(p, p.ago(8 + n))),
        (2, lambda n: dismissed(p, p.ago(6 + 9 * n))),
        (1, lambda n: voided(p, p.ago(12 + 9 * n))),
        (2, lambda n: merged(p, p.ago(7 + 5 * n))),
        (2, lambda n: sent_back(p, p.ago(6 + 3 * n))),
        (2, lambda n: transferred(p, p.ago(7 + 3 * n))),
        (2, lambda n: reworked(p, p.ago(20 + 5 * n))),
        (1, lambda n: reopened(p, p.ago(30))),
        (1, lambda n: past_a_tier(p, p.minutes_ago(100))),
        # Urged and supervised: waiting for an answer, answered, withdrawn.
        (2, lambda n: urged(p, p.ago(1.4 + 0.5 * n))),
        (1, lambda n: urged(p, p.ago(3.1), answered=True)),
        (2, lambda n: town_carded(p, p.ago(7 + n), colour=("ordinary", "yellow")[n])),
        (2, lambda n: department_carded(p, p.ago(15 + n), ordered=7 + n, colour=("yellow", "red")[n])),
        (1, lambda n: department_carded(p, p.ago(19), ordered=11, colour="ordinary", end="replied")),
        (1, lambda n: department_carded(p, p.ago(22), ordered=13, colour="yellow", end="withdrawn")),
    ]
