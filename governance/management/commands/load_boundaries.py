"""Publish boundaries of grids from a map file, all or nothing."""

from datetime import datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.redraw import from_file
from grids.boundary_files import BoundaryFileRefused
from grids.exchange import systems
from grids.exchange.reading import Encoding


def _moment(text: str) -> datetime:
    """A date or date and time in the installation's time zone."""
    moment = parse_datetime(text)
    day = parse_date(text) if moment is None else None
    if moment is None and day is not None:
        moment = datetime.combine(day, time.min)
    if moment is None:
        raise ValueError(text)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class Command(BaseCommand):
    help = (
        "Publish the grids of FILE (GeoJSON, zipped Shapefile, GeoPackage or KML; their codes in the column `code`) as "
        "one plan. They must tile their outline exactly; nothing is written if any feature is wrong. A feature with "
        "the scope's own code is the outline. Open incidents go to the grids their points then lie in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--effective", type=_moment, help="date or moment from which it holds; default: now")
        keys = [system.key for system in (*systems.DEGREES, *systems.ZONES)]
        parser.add_argument(
            "--datum", "--system", dest="system", choices=keys, default="", metavar="SYSTEM",
            help="cgcs2000, wgs84, gcj02, bd09 or the EPSG number of a zone (4491-4554); default: as the file says",
        )  # fmt: skip
        parser.add_argument("--layer", default="", help="name of the layer; default: the first")
        parser.add_argument(
            "--column", default="", help="name of the column with the codes; default: found by its name"
        )
        parser.add_argument("--encoding", choices=[*filter(None, Encoding.values)], default="")
        parser.add_argument("--scope", default="", help="code of the unit whose grids are redrawn; default: found out")
        parser.add_argument("--synthetic", action="store_true", help="mark as drawn by a program, not surveyed")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(_("There is no file %(path)s.") % {"path": path})
        try:
            done = from_file.load(
                path=path,
                now=timezone.now(),
                effective=options["effective"],
                system=options["system"],
                layer=options["layer"],
                column=options["column"],
                encoding=options["encoding"],
                scope=options["scope"],
                is_synthetic=options["synthetic"],
            )
        except BoundaryFileRefused as refused:
            for fault in refused.faults:
                self.stderr.write(f"{path.name}, {fault}")
            message = ngettext(
                "Nothing was published: %(count)d fault in %(file)s.",
                "Nothing was published: %(count)d faults in %(file)s.",
                len(refused.faults),
            )
            raise CommandError(message % {"count": len(refused.faults), "file": path.name}) from refused
        if done.plan is None:
            self.stdout.write(f"{path.name}: nothing new, {done.unchanged} boundaries unchanged.")
            return
        self.stdout.write(
            f"{path.name}: {len(done.changed)} boundaries published, {done.unchanged} unchanged, plan {done.plan.pk}."
        )
