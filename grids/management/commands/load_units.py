"""Load a register of units from a CSV file, all or nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from grids import registers


class Command(BaseCommand):
    help = (
        "Load units from FILE.csv (or .csv.gz): columns code, parent_code, level, name; optional grid_kind, "
        "short_name, duty_phone. Codes may be padded with zeros to 12 digits. Nothing is written if any line is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            done = registers.load(path=path, now=timezone.now())
        except registers.RegisterRefused as refused:
            for fault in refused.faults:
                self.stderr.write(f"{path.name}, {fault}")
            raise CommandError(f"Nothing was loaded: {len(refused.faults)} bad lines in {path.name}.") from refused
        for code, old, new in done.renamed:
            self.stdout.write(f"renamed {code}: {old} -> {new}")
        self.stdout.write(
            f"{path.name}: {len(done.created)} created, {len(done.renamed)} renamed, "
            f"{len(done.changed)} otherwise changed, {done.unchanged} unchanged."
        )
