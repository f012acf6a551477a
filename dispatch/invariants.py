"""What is true of every incident, whoever wrote it: people, the sweep, an import or the bench data.

Each invariant is one set-wise query for the rows that break it; `broken` runs them and names what it finds. A database
in which any of them finds a row holds a record that the rules cannot have made.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from dispatch.models import OPEN_ASSIGNMENT_STATES
from dispatch.reckoned import COUNTED
from incidents.lifecycle import ARRIVALS
from incidents.records import HANDLING_ACTS
from incidents.states import BIRTHS, IMPORTED_STATES, MOVES, OPEN_STATES, HolderAfter, State

EXAMPLES = 5
# How far a press that waited for a lock may lie behind the one it waited for.
WAITED = "interval '1 minute'"


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(str(value) for value in values))


OPEN, OPEN_ORDERS = _words(OPEN_STATES), _words(OPEN_ASSIGNMENT_STATES)
SAME_HOLDER = _words(name for name, row in MOVES.items() if row.holder is HolderAfter.SAME)


def _steps() -> str:
    """Every (move, from, to) of the table as VALUES; "" is where a birth comes from."""
    found = set()
    before_pause = {str(state) for name in ("suspend", "merge") for state in MOVES[name].sources}
    for name, row in MOVES.items():
        for source in row.sources or {""}:
            target = row.target_from(State(source)) if source else row.target
            targets = {str(target)} if target is not None else before_pause
            if name == "rework":
                targets.add(str(State.DISPATCHED))
            if name == "import_history":
                targets = {str(state) for state in IMPORTED_STATES}
            found |= {(name, str(source), to) for to in targets}
    return ", ".join(f"('{name}', '{source}', '{to}')" for name, source, to in sorted(found))


# The clock that measures the incident itself in each state, besides `overall`: (state, stage, whether it may rest).
STAGES = """
    (VALUES ('reported', 'accept', 'running'), ('accepted', 'handle', 'running'), ('dispatched', 'handle', 'running'),
            ('dispatched', 'handle', 'paused'), ('answered', 'check', 'running'), ('suspended', 'pause', 'running'))
    AS wanted (state, stage, clock_state)
"""
LAST_MOVE = """
    LEFT JOIN LATERAL (SELECT * FROM incidents_incidentevent e WHERE e.incident_id = i.id AND e.seq IS NOT NULL
                       ORDER BY e.seq DESC LIMIT 1) AS last ON true
"""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One truth: `query` yields one text per row that breaks it."""

    name: str
    says: str
    query: str


@dataclass(frozen=True, slots=True)
class Broken:
    """How many rows break an invariant, with some of them."""

    name: str
    says: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.says}: broken {self.count} times, as in {', '.join(self.examples)}"


It = Invariant
_RECORD = (
    It("seq_counts_the_moves", "seq is the number of moves, numbered from 1 without a gap", """
        SELECT i.number FROM incidents_incident i
        LEFT JOIN (SELECT incident_id, count(*) AS n, min(seq) AS first, max(seq) AS last
                   FROM incidents_incidentevent WHERE seq IS NOT NULL GROUP BY 1) m ON m.incident_id = i.id
        WHERE (m.n, m.first, m.last) IS DISTINCT FROM (i.seq::bigint, 1, i.seq)"""),
    It("last_move_left_state_and_holder", "state and holder are those the last move left", f"""
        SELECT i.number FROM incidents_incident i {LAST_MOVE}
        WHERE (i.state, i.holder_id) IS DISTINCT FROM (last.state_after, last.holder_after_id)"""),
    It("moves_join_up", "each move begins where the one before ended", """
        SELECT incident_id || '/' || seq FROM (
            SELECT incident_id, seq, state_before, holder_before_id,
                   lag(state_after) OVER w AS state_was, lag(holder_after_id) OVER w AS holder_was
            FROM incidents_incidentevent WHERE seq IS NOT NULL WINDOW w AS (PARTITION BY incident_id ORDER BY seq)) m
        WHERE seq > 1 AND (state_before, holder_before_id) IS DISTINCT FROM (state_was, holder_was)"""),
    It("moves_are_in_the_table", "every move leads from a state to a state as the table says", f"""
        SELECT incident_id || '/' || kind FROM incidents_incidentevent WHERE seq IS NOT NULL
        AND (kind, state_before, state_after) NOT IN (VALUES {_steps()})"""),
    It("begins_with_its_birth", "the first move is a birth and no other is", f"""
        SELECT incident_id || '/' || kind FROM incidents_incidentevent
        WHERE seq IS NOT NULL AND (seq = 1) <> (kind IN ({_words(BIRTHS)}))"""),
    It("moves_go_forward_in_time", "no move happened before the one in front of it", f"""
        SELECT incident_id || '/' || seq FROM (
            SELECT incident_id, seq, occurred_at, lag(occurred_at) OVER (PARTITION BY incident_id ORDER BY seq) AS was
            FROM incidents_incidentevent WHERE seq IS NOT NULL) m
        WHERE occurred_at < was - {WAITED}"""),
    It("ended_with_its_last_move", "closed_at is the moment of the last move", f"""
        SELECT i.number FROM incidents_incident i {LAST_MOVE} WHERE i.closed_at IS NOT NULL
        AND i.closed_at IS DISTINCT FROM CASE
            WHEN last.kind = 'import_history' THEN (SELECT r.closed_at FROM incidents_importedrecord r
                                                    WHERE r.incident_id = i.id)
            WHEN last.seq = 1 THEN i.reported_at ELSE last.occurred_at END"""),
    It("arrived_as_recorded", "arrived_at, arrived_by and came_from are those of the last arrival", f"""
        SELECT i.number FROM incidents_incident i
        LEFT JOIN LATERAL (SELECT * FROM incidents_incidentevent e WHERE e.incident_id = i.id
            AND e.seq IS NOT NULL AND e.kind IN ({_words(ARRIVALS | BIRTHS)}) ORDER BY e.seq DESC LIMIT 1) a ON true
        WHERE (i.arrived_by, i.came_from_id) IS DISTINCT FROM (a.kind, a.holder_before_id)
           OR i.arrived_at <> CASE WHEN a.seq = 1 AND a.kind <> 'import_history' THEN i.reported_at
                                   ELSE a.occurred_at END"""),
    It("counts_of_return_are_true", "reworks, relapses and settling on the spot are as recorded", """
        SELECT i.number FROM incidents_incident i LEFT JOIN (
            SELECT incident_id, count(*) FILTER (WHERE kind = 'rework') AS reworks,
                   count(*) FILTER (WHERE kind = 'reopen') AS relapses, bool_or(kind = 'self_handle') AS settled
            FROM incidents_incidentevent WHERE seq IS NOT NULL GROUP BY 1) e ON e.incident_id = i.id
        WHERE (i.rework_count, i.relapse_count, i.self_handled) IS DISTINCT FROM (e.reworks, e.relapses, e.settled)"""),
    It("answered_by_who_answered", "answered_by_unit is who held it when it was answered last", """
        SELECT i.number FROM incidents_incident i LEFT JOIN LATERAL (
            SELECT coalesce(holder_before_id, holder_after_id) AS unit FROM incidents_incidentevent e
            WHERE e.incident_id = i.id AND e.kind IN ('answer', 'self_handle') ORDER BY e.id DESC LIMIT 1) a ON true
        WHERE i.answered_by_unit_id IS DISTINCT FROM a.unit"""),
    It("events_stay_in_their_district", "an event belongs to the district of its incident", """
        SELECT e.id::text FROM incidents_incidentevent e JOIN incidents_incident i ON i.id = e.incident_id
        WHERE e.district_id <> i.district_id"""),
)  # fmt: skip
_PLACE = (
    It("place_and_holder_are_in_the_district", "place and holder lie in the incident's district", """
        SELECT number FROM incidents_incident
        WHERE left(place_id, 6) <> district_id OR left(holder_id, 6) <> district_id"""),
    It("number_names_district_and_day", "the number begins with the district and the local day of the report", f"""
        SELECT number FROM incidents_incident WHERE number NOT LIKE
        district_id || to_char(reported_at AT TIME ZONE '{settings.TIME_ZONE}', 'YYYYMMDD') || '_____%'"""),
    It("points_lie_in_their_grid", "a point found inside a grid lies in the boundary it was found in", """
        SELECT i.number FROM incidents_incident i LEFT JOIN grids_boundary b ON b.id = i.boundary_id
        WHERE i.located_by = 'inside'
          AND NOT coalesce(b.unit_id = i.occurrence_grid_id AND st_intersects(b.geom, i.point), false)"""),
    It("merged_into_another", "a merged incident has another one as its master", """
        SELECT number FROM incidents_incident WHERE master_id = id"""),
)  # fmt: skip
_SIGHT = (
    It("holders_see_it", "every unit that ever held it has it in sight", f"""
        SELECT e.incident_id || '/' || e.holder_after_id FROM incidents_incidentevent e
        WHERE e.seq IS NOT NULL AND e.kind NOT IN ({SAME_HOLDER}) AND NOT EXISTS (
            SELECT 1 FROM incidents_sight s WHERE s.incident_id = e.incident_id AND s.unit_id = e.holder_after_id)"""),
    It("reporting_unit_sees_it", "the unit that took the report has it in sight", """
        SELECT i.number FROM incidents_incident i WHERE i.first_unit_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM incidents_sight s WHERE s.incident_id = i.id AND s.unit_id = i.first_unit_id)"""),
    It("ordered_units_see_it", "every unit that was given an order has it in sight", """
        SELECT a.incident_id || '/' || a.unit_id FROM dispatch_assignment a WHERE NOT EXISTS (
            SELECT 1 FROM incidents_sight s WHERE s.incident_id = a.incident_id AND s.unit_id = a.unit_id)"""),
    It("who_saw_the_merged_sees_the_master", "units that see a merged incident see its master", """
        SELECT i.number || '/' || s.unit_id FROM incidents_incident i JOIN incidents_sight s ON s.incident_id = i.id
        WHERE i.master_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM incidents_sight m WHERE m.incident_id = i.master_id AND m.unit_id = s.unit_id)"""),
    It("handling_is_remembered", "every handling event has its handler, every handler its event", f"""
        SELECT coalesce(h.incident_id, e.incident_id) || '/' || coalesce(h.act, e.kind)
        FROM incidents_handler h FULL JOIN (
            SELECT * FROM incidents_incidentevent WHERE kind IN ({_words(HANDLING_ACTS)})
            AND actor_id IS NOT NULL AND unit_id IS NOT NULL) e
          ON (h.incident_id, h.person_id, h.unit_id, h.act) = (e.incident_id, e.actor_id, e.unit_id, e.kind)
        WHERE h.id IS NULL OR e.id IS NULL"""),
    It("nobody_closed_own_work", "who closed it had not worked on it before", """
        SELECT e.incident_id || '/' || e.actor_id FROM incidents_incidentevent e JOIN incidents_handler h
        ON (h.incident_id, h.person_id) = (e.incident_id, e.actor_id) AND h.at <= e.occurred_at
        WHERE e.kind IN ('close', 'rework', 'reopen', 'confirmed')"""),
)  # fmt: skip
_CLOCKS = (
    It("the_stage_clock_is_open", "an open incident has exactly the clock of its state, against its holder", f"""
        SELECT i.number FROM incidents_incident i
        LEFT JOIN (SELECT incident_id, unit_id, stage, state FROM incidents_clock
                   WHERE state <> 'stopped' AND subject_kind = 'incident' AND stage <> 'overall') c
          ON c.incident_id = i.id AND NOT (i.state = 'suspended' AND c.stage = 'handle' AND c.state = 'paused')
        LEFT JOIN {STAGES} ON (wanted.state, wanted.stage, wanted.clock_state) = (i.state, c.stage, c.state)
                          AND c.unit_id = i.holder_id
        GROUP BY i.id, i.number, i.closed_at HAVING count(wanted.stage) <> (i.closed_at IS NULL)::int
                          OR count(c.stage) <> (i.closed_at IS NULL)::int"""),
    It("suspension_rests_the_handling", "of a suspended incident the handle clock is paused", """
        SELECT i.number FROM incidents_incident i WHERE i.state = 'suspended' AND NOT EXISTS (
            SELECT 1 FROM incidents_clock c WHERE c.incident_id = i.id AND c.stage = 'handle' AND c.state = 'paused'
            AND c.subject_kind = 'incident' AND c.unit_id = i.holder_id)"""),
    It("the_overall_clock_is_open", "an open incident has one overall clock, resting only while suspended", """
        SELECT i.number FROM incidents_incident i LEFT JOIN incidents_clock c
          ON c.incident_id = i.id AND c.stage = 'overall' AND c.state <> 'stopped'
        WHERE (c.state) IS DISTINCT FROM (CASE WHEN i.closed_at IS NOT NULL THEN NULL
                                               WHEN i.state = 'suspended' THEN 'paused' ELSE 'running' END)"""),
    It("what_rests_waits_for_a_clock", "while a clock is paused another of its incident runs that ends the wait", """
        SELECT p.id::text FROM incidents_clock p WHERE p.state = 'paused' AND NOT EXISTS (
            SELECT 1 FROM incidents_clock r WHERE r.incident_id = p.incident_id AND r.state = 'running'
            AND r.stage <> 'overall' AND r.subject_kind <> 'card')"""),
    It("suspension_ends_on_its_date", "the pause clock is due on the review date", """
        SELECT i.number FROM incidents_incident i JOIN incidents_clock c ON c.incident_id = i.id
        WHERE c.stage = 'pause' AND c.state = 'running'
          AND date_trunc('second', i.review_at) IS DISTINCT FROM c.due_at"""),
    It("final_light_agrees_with_time_spent", "red when more was spent than given, else green or none", """
        SELECT id::text FROM incidents_clock WHERE state = 'stopped' AND stage <> 'pause'
        AND (final_light = 'red') <> (spent > budget)"""),
    It("final_light_agrees_with_the_due_moment", "a clock that ran when it ended was red if and only if late", """
        SELECT id::text FROM incidents_clock WHERE state = 'stopped' AND stage <> 'pause'
        AND cardinality(turned_at) % 2 = 0
        AND (final_light = 'red') <> (stopped_at >= due_at + interval '1 second')"""),
    It("a_clock_ends_after_it_began", "no clock stops before it starts or warns after it is due", """
        SELECT id::text FROM incidents_clock WHERE date_trunc('second', stopped_at) < started_at OR warn_at > due_at
        OR run_since < started_at"""),
    It("next_step_is_the_next_one", "a running clock waits for its next light, after red for what repeats", """
        SELECT c.id::text FROM incidents_clock c LEFT JOIN incidents_escalationrule r ON r.id = c.escalation_id
        WHERE c.state = 'running' AND c.fail_count = 0 AND CASE
            WHEN c.step >= 2 AND r.repeat_every IS NOT NULL AND c.step - 2 < coalesce(r.repeat_times, 10000)
            THEN c.next_at IS NULL OR c.next_at <= c.due_at
            ELSE c.next_at IS DISTINCT FROM CASE
                WHEN c.step >= 2 OR c.due_at >= '9000-01-01 00:00+00' THEN NULL
                WHEN c.step = 0 AND c.warn_at IS NOT NULL THEN least(c.warn_at, c.due_at + interval '1 second')
                ELSE c.due_at + interval '1 second' END END"""),
    It("no_end_means_no_light", "a clock without an end has no budget, never lights up and ends without a colour", """
        SELECT id::text FROM incidents_clock WHERE (budget = 0) <> (due_at >= '9000-01-01 00:00+00')
        OR budget = 0
           AND (warn_at IS NOT NULL OR next_at IS NOT NULL OR step > 0 OR final_light NOT IN ('', 'none'))"""),
    It("clocks_go_by_rules_of_their_stage", "a clock's limit and escalation rule are rules of its stage", """
        SELECT c.id::text FROM incidents_clock c LEFT JOIN incidents_timelimit l ON l.id = c.limit_id
        LEFT JOIN incidents_escalationrule r ON r.id = c.escalation_id
        WHERE l.stage <> c.stage OR r.stage <> c.stage"""),
    It("lights_are_on_record", "each light that came on by itself is one event of its clock", """
        SELECT c.id::text FROM incidents_clock c LEFT JOIN (
            SELECT clock_id, count(*) AS told, max(clock_seq) AS seq FROM incidents_incidentevent
            WHERE kind IN ('light_yellow', 'light_red', 'overdue_again') GROUP BY 1) e ON e.clock_id = c.id
        -- A deadline that had passed in another system before the import was its matter.
        LEFT JOIN incidents_importedrecord r ON r.incident_id = c.incident_id AND r.due_at = c.due_at
            AND r.opened_at = c.started_at AND c.stage = 'overall' AND coalesce(e.told, 0) < c.step
        WHERE r.incident_id IS NULL AND coalesce(e.told, 0) <> CASE WHEN c.warn_at IS NULL THEN greatest(c.step - 1, 0)
                                          WHEN c.stage = 'pause' THEN least(c.step, 1) ELSE c.step END
           OR e.seq > c.seq"""),
    It("clocks_name_their_subject", "a clock of an order or inspection belongs to one of the same incident", """
        SELECT c.id::text FROM incidents_clock c
        LEFT JOIN dispatch_assignment a ON c.subject_kind = 'assignment' AND a.id = c.subject_id
        LEFT JOIN incidents_inspection n ON c.subject_kind = 'inspection' AND n.id = c.subject_id
        LEFT JOIN dispatch_card k ON c.subject_kind = 'card' AND k.id = c.subject_id
        WHERE (c.subject_kind = 'incident') <> (c.subject_id = 0)
           OR c.subject_kind <> 'incident'
              AND coalesce(a.incident_id, n.incident_id, k.incident_id) IS DISTINCT FROM c.incident_id"""),
)  # fmt: skip
_ORDERS = (
    It("orders_are_open_while_dispatched", "open orders exist exactly while others are at work", f"""
        SELECT i.number FROM incidents_incident i
        LEFT JOIN dispatch_assignment a ON a.incident_id = i.id AND a.state IN ({OPEN_ORDERS})
        GROUP BY i.id, i.number, i.state, i.state_before HAVING (count(a.id) > 0) <>
            (i.state = 'dispatched' OR i.state = 'suspended' AND i.state_before = 'dispatched')"""),
    It("the_order_clock_is_open", "an order has its sign clock, then its finish clock, and none once ended", f"""
        SELECT a.id::text FROM dispatch_assignment a LEFT JOIN incidents_clock c
          ON c.incident_id = a.incident_id AND c.subject_kind = 'assignment' AND c.subject_id = a.id
         AND c.state <> 'stopped' AND c.stage IN ('sign', 'finish')
        GROUP BY a.id, a.state, a.unit_id HAVING coalesce(string_agg(c.stage || '@' || c.unit_id, ','), '') <>
            CASE WHEN a.state = 'called' THEN 'sign@' || a.unit_id
                 WHEN a.state IN ({OPEN_ORDERS}) THEN 'finish@' || a.unit_id ELSE '' END"""),
    It("orders_were_called_by_a_move", "an order names a move of its incident that had happened", """
        SELECT a.id::text FROM dispatch_assignment a JOIN incidents_incident i ON i.id = a.incident_id
        WHERE a.called_seq NOT BETWEEN 1 AND i.seq"""),
    It("orders_ended_on_record", "each order fed back, returned or waived has its event", """
        SELECT a.id::text FROM dispatch_assignment a WHERE a.state IN ('fed_back', 'returned', 'waived')
        AND NOT EXISTS (SELECT 1 FROM incidents_incidentevent e WHERE e.incident_id = a.incident_id
            AND e.kind = a.state AND e.details->'assignment' = to_jsonb(a.id) AND e.occurred_at = a.ended_at)"""),
    It("a_signed_order_has_its_moment", "an order at work or fed back was signed for", """
        SELECT id::text FROM dispatch_assignment
        WHERE state IN ('signed', 'arrived', 'fed_back') AND signed_at IS NULL
           OR state = 'called' AND signed_at IS NOT NULL OR state = 'arrived' AND arrived_at IS NULL"""),
    It("set_aside_with_approval", "what is suspended or voided was granted", """
        SELECT i.number FROM incidents_incident i WHERE i.state IN ('suspended', 'voided') AND NOT EXISTS (
            SELECT 1 FROM incidents_importedrecord r WHERE r.incident_id = i.id AND r.closed_at = i.closed_at
        ) AND NOT EXISTS (
            SELECT 1 FROM dispatch_approval p WHERE p.incident_id = i.id AND p.state = 'granted'
            AND p.kind = CASE WHEN i.state = 'suspended' THEN 'suspend' ELSE 'void' END
            AND (i.state = 'voided' OR p.review_at = i.review_at))"""),
    It("requests_wait_where_they_can_be_granted", "a pending request is at the holder and its move is possible", f"""
        SELECT p.id::text FROM dispatch_approval p JOIN incidents_incident i ON i.id = p.incident_id
        WHERE p.state = 'pending' AND (p.holder_id <> i.holder_id OR i.state NOT IN ({OPEN})
              OR p.kind = 'suspend' AND i.state NOT IN ({_words(MOVES["suspend"].sources)}))"""),
    It("inspections_are_of_the_settled", "what was drawn for inspection had been settled on the spot", """
        SELECT n.id::text FROM incidents_inspection n JOIN incidents_incident i ON i.id = n.incident_id
        WHERE NOT i.self_handled OR (n.confirmed IS NOT NULL AND n.ended_at IS NULL)"""),
    It("the_inspection_clock_is_open", "an inspection has its check clock until it ends", """
        SELECT n.id::text FROM incidents_inspection n LEFT JOIN incidents_clock c
          ON c.subject_kind = 'inspection' AND c.subject_id = n.id AND c.incident_id = n.incident_id
         AND c.state <> 'stopped'
        GROUP BY n.id, n.ended_at HAVING count(c.id) <> (n.ended_at IS NULL)::int"""),
    It("notices_name_their_incident", "a notice is about the incident of its event", """
        SELECT n.id::text FROM dispatch_notice n JOIN incidents_incidentevent e ON e.id = n.event_id
        WHERE n.incident_id <> e.incident_id"""),
)  # fmt: skip
_CARDS = (
    It("the_reply_clock_is_open", "an open card has its reply clock against its unit, nothing else has one",
       """
        SELECT coalesce('card ' || k.id, 'clock ' || c.id) FROM dispatch_card k FULL JOIN (
            SELECT * FROM incidents_clock WHERE subject_kind = 'card' AND stage = 'reply' AND state <> 'stopped') c
          ON (c.subject_id, c.incident_id, c.unit_id) = (k.id, k.incident_id, k.unit_id)
        WHERE coalesce(k.state = 'issued', false) <> (c.id IS NOT NULL)"""),
    It("no_card_is_open_on_what_ended", "no card waits for an answer once its incident ended", """
        SELECT k.id::text FROM dispatch_card k JOIN incidents_incident i ON i.id = k.incident_id
        WHERE k.state = 'issued' AND i.closed_at IS NOT NULL"""),
    It("the_policy_had_its_reason", "a card by policy follows from a red its clock had turned", """
        SELECT k.id::text FROM dispatch_card k JOIN incidents_clock c ON c.id = k.clock_id
        WHERE c.incident_id <> k.incident_id OR c.step < k.step OR k.step < 2"""),
    It("cards_are_on_record", "each card has the event of its issue, and one of its end", """
        SELECT k.id::text FROM dispatch_card k LEFT JOIN incidents_incidentevent e
          ON e.incident_id = k.incident_id AND e.details->'card_id' = to_jsonb(k.id)
        GROUP BY k.id, k.kind, k.state
        HAVING count(*) FILTER (WHERE e.kind = CASE k.kind WHEN 'urge' THEN 'urged' ELSE 'card_issued' END) <> 1
            OR count(*) FILTER (WHERE e.kind = 'card_' || k.state) <> (k.state <> 'issued')::int
               + (k.state = 'issued' AND k.kind = 'supervise')::int"""),
)  # fmt: skip
# True only once the sweep and the announcer have caught up.
_SETTLED = (
    It("everything_was_told", "no event waits for the announcer", """
        SELECT event_id::text FROM incidents_unannounced"""),
)  # fmt: skip


def invariants(*, settled: bool = False) -> tuple[Invariant, ...]:
    """All that are asked by a query; `settled` adds what holds only once everybody was told."""
    found = _RECORD + _PLACE + _SIGHT + _CLOCKS + _ORDERS + _CARDS
    return found + _SETTLED if settled else found


def broken(*, settled: bool = False, names: Collection[str] = ()) -> list[Broken]:
    """The invariants that do not hold in this database, with examples; `names` asks these alone."""
    found = []
    with connection.cursor() as cursor:
        for one in invariants(settled=settled):
            if names and one.name not in names:
                continue
            # Materialized: with a LIMIT in sight the planner would take roads meant for the first few rows.
            cursor.execute(
                f"WITH broken (text) AS MATERIALIZED ({one.query}) "
                f"SELECT count(*) OVER (), text FROM broken ORDER BY 2 LIMIT {EXAMPLES}"
            )
            rows = cursor.fetchall()
            if rows:
                found.append(Broken(one.name, one.says, rows[0][0], tuple(text for _count, text in rows)))
    for name, (says, wrong) in COUNTED.items():
        if names and name not in names:
            continue
        texts = list(wrong())
        if texts:
            found.append(Broken(name, says, len(texts), tuple(texts[:EXAMPLES])))
    return found
