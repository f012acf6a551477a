"""A district's history of any size, made in memory by the rules of the platform and written by COPY.

Every incident is told by the same table of moves, the same arithmetic of clocks and the same record as a real one
(`tale`), by people who act at their pace (`teller`), in the mix of two years (`fates`). Photos share few files
(`shots`). Of the last weeks people were told as by the announcer (`news`); everything before counts as told and read.
"""

import random
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from dispatch.models import Approval, Assignment, Notice
from governance.benchdata import news, shots, texts, writer
from governance.benchdata.fates import OPEN_SHARE, Birth, Planner
from governance.benchdata.ground import Ground, GroundMissing
from governance.benchdata.parts import Ids
from governance.benchdata.tale import Tale
from governance.benchdata.teller import Fate, Teller
from incidents.models import Clock, Incident, IncidentEvent, Inspection, Photo
from incidents.states import OPEN_STATES

__all__ = ["GroundMissing", "Made", "make"]

SEQUENCED = {
    "incident": Incident,
    "event": IncidentEvent,
    "clock": Clock,
    "assignment": Assignment,
    "approval": Approval,
    "inspection": Inspection,
}
BATCH = 500


@dataclass(frozen=True)
class Made:
    """What was written: rows by table, and how many incidents of them are open."""

    rows: dict[str, int]
    open: int


@transaction.atomic
def make(*, count: int, under: str, now: datetime, seed: int, open_share: float = OPEN_SHARE) -> Made:
    """Write `count` incidents in the places under a code, up to `now`; of these `open_share` are open. All or nothing.

    Raises GroundMissing.
    """
    ground = Ground(under=under, end=now, seed=seed)
    first = {name: _next_id(model._meta.db_table) for name, model in SEQUENCED.items()}
    ids = Ids(first)
    running = _running_number()
    teller, dice = Teller(ground, seed + 1), random.Random(seed + 2)
    output = writer.Writer(
        district=ground.district, version_id=ground.version_id, first_event=first["event"], seed=seed + 3
    )
    still_open = 0
    with writer.bulk_loading():
        batch: list[Tale] = []
        births = Planner(ground, seed + 4, open_share).births(count)
        at = 0
        while at < len(births):
            pair = births[at : at + 2] if at + 1 < len(births) and births[at + 1].twin else births[at : at + 1]
            at += len(pair)
            tales = []
            for birth in pair:
                running += 1
                tale = _tale(ground, ids, birth, dice)
                tale.number = writer.number_of(ground.district, birth.at, running, ground.calendar.zone)
                tales.append(tale)
            _tell(teller, tales, [birth.fate for birth in pair])
            still_open += sum(tale.state in OPEN_STATES for tale in tales)
            batch += tales
            if len(batch) >= BATCH:
                output.add(batch)
                batch = []
        output.add(batch)
        output.finish()
    ids.next["event"] = output.next_event
    _set_sequences(ids, running)
    told = news.tell(first_event=first["event"], now=now, seed=seed + 5)
    shown = shots.show(first_incident=first["incident"], seed=seed + 6)
    return Made({**output.rows, Notice._meta.db_table: told, Photo._meta.db_table: shown}, still_open)


def _tale(ground: Ground, ids: Ids, birth: Birth, dice: random.Random) -> Tale:
    return Tale(
        ground=ground,
        ids=ids,
        pk=ids.take("incident"),
        matter=birth.matter,
        grid=birth.grid,
        now=birth.at,
        text=texts.told(birth.matter, dice),
        address=texts.place_of(birth.matter, dice),
        point=dice.choice(birth.grid.points),
    )


def _tell(teller: Teller, tales: list[Tale], fates: list[Fate]) -> None:
    for tale, fate in zip(tales, fates, strict=True):
        teller.begin(tale, fate)
    if len(tales) == 2:
        teller.merge(*tales)
    for tale, fate in zip(tales, fates, strict=True):
        teller.tell(tale, fate)


def _next_id(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        return int(cursor.fetchone()[0])


def _running_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_number')")
        return int(cursor.fetchone()[0])


def _set_sequences(ids: Ids, running: int) -> None:
    with connection.cursor() as cursor:
        for name, model in SEQUENCED.items():
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [model._meta.db_table, ids.next[name]]
            )
        cursor.execute("SELECT setval('incidents_number', %s)", [running])
