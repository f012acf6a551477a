"""Measures the boundary studio in one database: proofs, proposals, edits, a publication, tiles, places.

Started by bench_studio.py in the environment of the server. What is found is told line by line on standard error; the
last line it prints is one JSON object with the figures.
"""

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import bench_studio_ground
import django
from bench_client import Ask, Times, Visitor, one_by_one, with_session
from bench_studio_table import line
from measure import password_of

TARGET, DEMO = 368, "511111"
EDITS, TILES = 60, 40
ZOOMS = range(10, 17)
KEEPER, APPROVER = "bench-keeper", "bench-approver"


@dataclass
class Figure:
    """One line of the table: milliseconds, or seconds for what happens once."""

    name: str
    p50: float | None = None
    p95: float | None = None
    seconds: float | None = None
    # Of this process alone, for what happens once.
    cpu: float | None = None
    note: str = ""


class Bench:
    """One run over one database."""

    def __init__(self, host: str, password: str, grids: int, seconds: float) -> None:
        self.host, self.password, self.grids, self.seconds = host, password, grids, seconds
        self.dice = random.Random(8)
        self.figures: list[Figure] = []

    def run(self) -> list[Figure]:
        """Every figure, the floor first."""
        self._floor()
        self._quarter()
        self._edits()
        self._publication()
        self._city()
        return self.figures

    def _tell(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(line(asdict(figure), self.figures[0].p50 or 1.0), file=sys.stderr, flush=True)

    def _times(self, name: str, times: Times, note: str = "") -> None:
        self._tell(Figure(name, times.percentile(0.5), times.percentile(0.95), note=note))

    def _once(self, name: str, act: Callable[[], Any], note: Callable[[Any], str] = lambda done: "") -> Any:
        began, spent = time.perf_counter(), time.process_time()
        done = act()
        took, cpu = time.perf_counter() - began, time.process_time() - spent
        self._tell(Figure(name, seconds=took, cpu=cpu, note=note(done)))
        return done

    def _floor(self) -> None:
        from django.db import connection

        def select() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.fetchone()

        self._times("SELECT 1", one_by_one(select, seconds=self.seconds, most=2_000))

    # -- a quarter of eight streets: proposals, proofs, edits --------------------------------------------------------

    def _quarter(self) -> None:
        from grids import approvals, draft_edits, draft_rows, drafts, lattice, partition, proposal_ground, proposals
        from grids.drafts import Wish
        from grids.models import Person

        self.keeper = Person.objects.create_superuser(KEEPER, password=self.password, full_name="bench")
        with _told("the quarter"):
            district = bench_studio_ground.quarter(_now() - timedelta(days=30))
        wish = Wish("bench", target_households=TARGET)
        self.plan = drafts.begin(scope=district, wish=wish, actor=self.keeper, now=_now())
        whole = proposal_ground.of_plan(self.plan).ground
        first = next(iter(whole.regions))
        street = partition.Ground({first: whole.regions[first]}, whole.dwellings, whole.lines)
        wishes = partition.Wishes(target=TARGET)
        self._once("proposal for one street", lambda: partition.divide(street, wishes, seed=1), _divided)
        wanted = proposals.Wanted(TARGET)
        (asked,) = proposals.ask(plan=self.plan, wanted=wanted, seeds=[1], actor=self.keeper, now=_now())
        self._once(
            "proposal for 119,964 households, found and stored",
            lambda: proposals.work(proposal=asked, now=_now),
            lambda _done: _proposed(asked),
        )
        self._once(
            "the proposal taken over as an edit",
            lambda: draft_edits.operate(
                plan_id=self.plan.pk,
                seen=self._revision(),
                kind="propose",
                args={"proposal": asked.pk},
                actor=self.keeper,
                now=_now(),
            ),
        )
        _leave_vacant(self.plan.pk)
        rows = draft_rows.read(self.plan.pk)
        self.plan.refresh_from_db()
        assert self.plan.frame is not None
        shapes, frame = draft_rows.shapes_of(rows), lattice.from_db(self.plan.frame)
        self._proofs(shapes, frame)
        self._once(
            f"prove a plan of {len(rows)} grids: both methods, certificate, all that is written on it",
            lambda: approvals.prove(plan_id=self.plan.pk, actor=self.keeper, now=_now()),
            lambda verdict: "" if verdict.holds else f"{len(verdict.faults)} faults",
        )

    def _proofs(self, shapes: dict[int, Any], frame: Any) -> None:
        from grids import coverage, proof

        named = {str(key): shape for key, shape in shapes.items()}
        assert proof.prove(named, frame).holds
        once = one_by_one(lambda: proof.prove(named, frame), seconds=self.seconds)
        self._times(f"proof of a town of {len(shapes)} grids by signed segments", once)
        twice = one_by_one(lambda: coverage.prove_twice(shapes, frame), seconds=self.seconds, least=10)
        self._times(f"proof of a town of {len(shapes)} grids by two methods", twice)

    def _revision(self) -> int:
        self.plan.refresh_from_db()
        return self.plan.revision

    def _edits(self) -> None:
        """Edits as the drawing page makes them, each taken back: from the press to the answer."""
        visitor = _signed_in(self.host, self.password)
        state = _read(visitor.ask(Ask(f"/studio/{self.plan.pk}/state.json")))
        editor = _Editor(visitor, self.plan.pk, state, self.dice)
        self._times("state of the plan, as the drawing page loads it", one_by_one(editor.load, seconds=self.seconds))
        for kind in ("split", "merge", "move"):
            editor.edit(kind, EDITS)
            self._times(f"edit {kind}, over HTTP", editor.taken[kind], f"of {len(state['areas'])} grids")
        self._times("edit undo, over HTTP", editor.taken["undo"])

    # -- the demo district with its open incidents -------------------------------------------------------------------

    def _publication(self) -> None:
        from governance import redraw
        from grids import approvals, draft_edits, drafts, posts, proposals
        from grids.drafts import Wish
        from grids.duties import Duty
        from grids.models import Person, Unit
        from grids.posts import Appointment
        from incidents.models import Incident
        from incidents.states import OPEN_STATES

        open_ = Incident.objects.filter(state__in=OPEN_STATES).count()
        plan = drafts.begin(scope=Unit.objects.get(pk=DEMO), wish=Wish("bench"), actor=self.keeper, now=_now())
        wanted = proposals.Wanted(300)
        (asked,) = proposals.ask(plan=plan, wanted=wanted, seeds=[1], actor=self.keeper, now=_now())
        proposals.work(proposal=asked, now=_now)
        draft_edits.operate(
            plan_id=plan.pk, seen=0, kind="propose", args={"proposal": asked.pk}, actor=self.keeper, now=_now()
        )
        _leave_vacant(plan.pk)
        verdict = approvals.prove(plan_id=plan.pk, actor=self.keeper, now=_now())
        assert verdict.holds, verdict.faults[:3]
        approver = Person.objects.create_user(APPROVER, full_name="bench")
        appointment = Appointment(unit=DEMO, person=approver.pk, duty=Duty.HEAD)
        posts.appoint_all(appointments=[appointment], since=_now() - timedelta(hours=1), now=_now())
        approvals.approve(plan_id=plan.pk, actor=approver, now=_now(), reason="bench")
        plan.refresh_from_db()
        self._once(f"foresee a publication with {open_:,} open incidents", lambda: redraw.impact(plan=plan, now=_now()))
        self._once(
            f"publish with {open_:,} open incidents, one transaction",
            lambda: redraw.publish(plan_id=plan.pk, actor=self.keeper, now=_now()),
            lambda done: _published(done.effect),
        )
        self._once(
            "publish it back: all of it undone",
            lambda: redraw.roll_back(plan_id=plan.pk, actor=self.keeper, reason="bench", now=_now()),
        )

    # -- a city ------------------------------------------------------------------------------------------------------

    def _city(self) -> None:
        from grids import lattice, proof, selectors
        from grids.models import Boundary

        with _told("the city"):
            count = bench_studio_ground.city(self.grids, _now() - timedelta(days=30))
        code = bench_studio_ground.CITY
        rows = Boundary.objects.filter(unit__code__startswith=code, kind="grid").values_list("unit_id", "geom")
        shapes = {unit: lattice.from_db(geom) for unit, geom in rows.iterator(chunk_size=5_000)}
        frame = lattice.from_db(Boundary.objects.get(unit=code).geom)
        result = self._once(f"proof of the city of {count:,} grids", lambda: proof.prove(shapes, frame))
        assert result.holds
        west, south, east, north = frame.bounds

        def place() -> tuple[float, float]:
            return self.dice.uniform(west, east), self.dice.uniform(south, north)

        before = _now() - timedelta(days=3)
        for name, at in (("now", None), ("three days ago", before)):
            times = one_by_one(partial(lambda at: selectors.grid_at(place(), at), at), seconds=self.seconds, most=2_000)
            self._times(f"grid_at, {name}, among {count:,} grids", times)
        self._tiles(code, (west, south, east, north))

    def _tiles(self, code: str, box: tuple[float, float, float, float]) -> None:
        """Tiles of each zoom: the first time PostGIS makes them, the second time they are kept."""
        from grids import tiles

        visitor = _signed_in(self.host, self.password)
        revision = tiles.revision(code)
        for zoom in ZOOMS:
            addresses = _addresses(zoom, box)
            chosen = self.dice.sample(addresses, min(TILES, len(addresses)))
            for how in ("made", "warm"):
                times, most = Times(), 0
                for column, row in chosen:
                    began = time.perf_counter()
                    body = visitor.ask(Ask(f"/map/tiles/{code}/{revision}/{zoom}/{column}/{row}.mvt"))
                    times.each.append((time.perf_counter() - began) * 1000)
                    most = max(most, len(body))
                self._times(f"tile z{zoom}, {how}", times, f"{len(chosen)} tiles, at most {most / 1000:,.0f} kB")


class _Editor:
    """Somebody who draws: makes an edit, takes it back, makes the next one."""

    def __init__(self, visitor: Visitor, plan: int, state: dict[str, Any], dice: random.Random) -> None:
        self.visitor, self.plan, self.dice = visitor, plan, dice
        self.revision, self.areas = state["revision"], state["areas"]
        self.taken: dict[str, Times] = {kind: Times() for kind in ("split", "merge", "move", "undo")}

    def load(self) -> None:
        self.visitor.ask(Ask(f"/studio/{self.plan}/state.json"))

    def edit(self, kind: str, count: int) -> None:
        made = tried = 0
        while made < count and tried < 10 * count:
            tried += 1
            if self._sent(kind, getattr(self, f"_{kind}")()):
                self._sent("undo", {})
                made += 1
        if not made:
            raise RuntimeError(f"no {kind} was accepted")

    def _sent(self, kind: str, args: dict[str, Any] | None) -> bool:
        if args is None:
            return False
        body = json.dumps({"revision": self.revision, "kind": kind, "args": args})
        began = time.perf_counter()
        status, _headers, answer = self.visitor.raw(Ask(f"/studio/{self.plan}/operations/", "POST", body))
        took = (time.perf_counter() - began) * 1000
        if status == 422:
            return False
        if status != 200:
            raise RuntimeError(f"{kind} answered {status}: {answer[:300]!r}")
        self.revision = _read(answer)["revision"]
        self.taken[kind].each.append(took)
        return True

    def _split(self) -> dict[str, Any]:
        area = self.dice.choice(self.areas)
        ring = area["coords"][0][0]
        wests, souths = [spot[0] for spot in ring], [spot[1] for spot in ring]
        middle = (min(souths) + max(souths)) / 2
        ends = [[round(min(wests) - 0.0005, 7), round(middle, 7)], [round(max(wests) + 0.0005, 7), round(middle, 7)]]
        return {"key": area["key"], "line": ends}

    def _merge(self) -> dict[str, Any] | None:
        area = self.dice.choice(self.areas)
        spots = {tuple(spot) for spot in area["coords"][0][0]}
        for other in self.areas:
            near = other["key"] != area["key"] and other["village"] == area["village"]
            if near and len(spots & {tuple(spot) for spot in other["coords"][0][0]}) > 2:
                return {"keys": [area["key"], other["key"]], "into": area["key"]}
        return None

    def _move(self) -> dict[str, Any]:
        ring = self.dice.choice(self.areas)["coords"][0][0]
        spot = self.dice.choice(ring)
        return {"at": spot, "to": [round(spot[0] + 0.000005, 7), round(spot[1] + 0.000003, 7)]}


def _leave_vacant(plan: int) -> None:
    """Nobody answers for the grids that have no officer yet, on purpose: all of them may be proven."""
    from grids.models import PlanArea

    PlanArea.objects.filter(plan=plan, officer=None).update(vacant_reason="bench")


def _divided(division: Any) -> str:
    said = division.figures
    return f"{said['households']:,} households, {said['grids']} grids, {said['within_10']:.1%} within 10 %"


def _proposed(asked: Any) -> str:
    from grids import proposals

    asked.refresh_from_db()
    assert asked.state == "ready", asked.fault
    said = asked.figures
    torn = sum(area.shape.geom_type != "Polygon" and len(area.shape.geoms) > 1 for area in proposals.areas_of(asked))
    return (
        f"{said['grids']} grids, {said['within_10']:.1%} within 10 %, at most {said['max_deviation']:.1%} off, "
        f"{said['on_lines']:.0%} of borders on roads, {torn} in pieces"
    )


def _published(effect: dict[str, Any]) -> str:
    numbers = effect.get("numbers", effect)
    moved = numbers.get("incidents_other_grid")
    return f"{numbers.get('grids_before')} grids became {numbers.get('grids_after')}, {moved} incidents got another"


def _addresses(zoom: int, box: tuple[float, float, float, float]) -> list[tuple[int, int]]:
    """The tiles of a zoom that lie over the box."""
    import math

    def at(longitude: float, latitude: float) -> tuple[int, int]:
        across = (longitude + 180) / 360
        down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
        return int(across * 2**zoom), int(down * 2**zoom)

    (left, bottom), (right, top) = at(box[0], box[1]), at(box[2], box[3])
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]


def _signed_in(host: str, password: str) -> Visitor:
    """The keeper at a browser whose scripts send the form's secret along."""
    visitor = with_session(host, KEEPER, password)
    secret = dict(part.split("=", 1) for part in visitor.headers["Cookie"].split("; "))["csrftoken"]
    visitor.headers |= {"X-CSRFToken": secret, "Content-Type": "application/json", "Accept-Encoding": "gzip"}
    visitor.ask(Ask("/studio/"))  # whatever the first page of a session costs
    return visitor


def _read(body: bytes) -> Any:
    return json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)


@contextmanager
def _told(what: str) -> Any:
    began = time.perf_counter()
    yield
    print(f"  {what} is there after {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


def _now() -> datetime:
    from django.utils import timezone

    return timezone.now()


def main() -> None:
    """The command line that bench_studio.py uses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--logins", type=Path, required=True)
    parser.add_argument("--grids", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    django.setup()
    bench = Bench(options.host, password_of(options.logins), options.grids, options.seconds)
    print(json.dumps([asdict(figure) for figure in bench.run()]))


if __name__ == "__main__":
    main()
