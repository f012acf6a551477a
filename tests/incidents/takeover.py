"""Short words for importing: a small file of another system, a mapping for the cast's district, one call."""

import csv
import io
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from incidents.imports import mapping, taking_over
from incidents.imports.mapping import Mapping
from incidents.imports.refused import Reason
from incidents.imports.report import Report
from incidents.imports.taking_over import Order, RowsRefused
from incidents.models import Clock, ImportedRecord, Incident
from incidents.states import Stage
from tests.incidents.story import Story

# One record that was closed in time.
ROW = {
    "no": "W-001",
    "opened": "2026-02-02 09:00:00",
    "due": "2026-02-05 18:00:00",
    "closed": "2026-02-04 10:00:00",
    "lon": "",
    "lat": "",
    "where": "",
    "what": "路灯不亮",
    "status": "done",
    "kind": "noise",
    "unit": "A",
    "extra": "x",
}
OPEN = {"status": "new", "closed": ""}
TOML = """
    [file]
    encoding = "auto"
    [import]
    district = "511111"
    same_number = "refuse"
    [columns]
    number = "no"
    opened = "opened"
    due = "due"
    closed = "closed"
    longitude = "lon"
    latitude = "lat"
    address = "where"
    [time]
    zone = "Asia/Shanghai"
    formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]
    [text]
    template = "{what}"
    [state]
    column = "status"
    [state.values]
    done = "closed"
    gone = "dismissed"
    void = "voided"
    new = "reported"
    work = "accepted"
    [category]
    column = "kind"
    [category.values]
    noise = "GB/T 47678.5-2026/06028"
    [unit]
    by = ["point", "values"]
    column = "unit"
    [unit.values]
    A = "511111100001"
    B = "511111100002"
    T = "511111100"
    [keep]
    columns = ["extra"]
"""


class Takeover:
    """Files in a folder of the test, imported into the cast's district at the story's moment."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story, self.folder = story, folder
        self.toml = textwrap.dedent(TOML)

    @property
    def rejects(self) -> Path:
        return self.folder / "rejects.csv"

    def mapping(self) -> Mapping:
        return mapping.parsed(self.toml)

    def replace(self, was: str, becomes: str) -> None:
        assert was in self.toml, was
        self.toml = self.toml.replace(was, becomes)

    def file(self, *changes: dict[str, str], name: str = "old.csv", encoding: str = "utf-8", raw: bytes = b"") -> Path:
        """A file with one row per dict of changes to ROW; numbers run on by themselves."""
        path = self.folder / name
        if raw:
            path.write_bytes(raw)
            return path
        out = io.StringIO()
        writer = csv.DictWriter(out, list(ROW))
        writer.writeheader()
        for number, change in enumerate(changes, start=1):
            writer.writerow({**ROW, "no": f"W-{number:03d}", **change})
        path.write_bytes(out.getvalue().encode(encoding))
        return path

    def run(self, *changes: dict[str, str], path: Path | None = None, **given: Any) -> Report:
        order = Order(
            path=path or self.file(*changes),
            mapping=self.mapping(),
            source=given.pop("source", "旧平台"),
            **given,
        )
        return taking_over.take_over(order, now=self.story.now)

    def refused(self, *changes: dict[str, str], **given: Any) -> Report:
        """The report of an import that is refused because of its rows."""
        with pytest.raises(RowsRefused) as caught:
            self.run(*changes, **given)
        return caught.value.report

    def reasons(self, *changes: dict[str, str], **given: Any) -> dict[int, list[Reason]]:
        """By line, why rows were refused."""
        report = self.refused(*changes, **given)
        return {line: [fault.reason for fault in faults] for line, faults in report.rejects.items()}

    def one(self, **change: str) -> Incident:
        """The incident that one row becomes."""
        self.run(change)
        return self.known_as(change.get("no", "W-001"))

    def known_as(self, number: str) -> Incident:
        return ImportedRecord.objects.select_related("incident").get(original_number=number).incident

    def clock(self, incident: Incident, stage: Stage) -> Clock:
        return Clock.objects.get(incident=incident, stage=stage)


@pytest.fixture
def takeover(story: Story, tmp_path: Path) -> Takeover:
    return Takeover(story, tmp_path)


def counted(models: Iterable[Any]) -> dict[str, int]:
    """How many rows each table has."""
    return {model.__name__: model._base_manager.count() for model in models}
