"""Take over dwellings and reference lines from a CSV or GeoJSON file, all or nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grids import ground_files, registers
from grids.datums import Datum
from grids.ground import Taken


def _said(what: str, taken: Taken) -> str:
    told = f"{what}: {taken.created} new, {taken.changed} changed, {taken.unchanged} unchanged"
    return f"{told}, {taken.removed} removed" if taken.removed else told


class Command(BaseCommand):
    help = (
        "Take over what helps to draw: dwellings (CSV with source_id, lon, lat, households and if known people, "
        "compound, address; or GeoJSON points with the same) and reference lines (GeoJSON lines with source_id, kind "
        "and if known name, barrier). Nothing is written if any line is wrong; a number given again replaces its row."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--district", default="", help="code of the district; default: the only one there is")
        parser.add_argument("--datum", choices=Datum.values, default=Datum.CGCS2000.value)
        parser.add_argument("--synthetic", action="store_true", help="mark as made up, not surveyed")
        parser.add_argument("--whole", action="store_true", help="remove what the file does not hold any more")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(_("There is no file %(path)s.") % {"path": path})
        try:
            done = ground_files.load(
                path=path,
                now=timezone.now(),
                district=options["district"],
                datum=Datum(options["datum"]),
                is_synthetic=options["synthetic"],
                whole=options["whole"],
            )
        except (ground_files.GroundRefused, registers.RegisterRefused) as refused:
            for fault in refused.faults:
                self.stderr.write(f"{path.name}, {fault}")
            message = ngettext(
                "Nothing was taken over: %(count)d fault in %(file)s.",
                "Nothing was taken over: %(count)d faults in %(file)s.",
                len(refused.faults),
            )
            raise CommandError(message % {"count": len(refused.faults), "file": path.name}) from refused
        self.stdout.write(f"{path.name}: {_said('dwellings', done.dwellings)}; {_said('lines', done.lines)}.")
        if done.outside:
            self.stdout.write(f"{done.outside} dwellings lie outside of the district's outline.")
