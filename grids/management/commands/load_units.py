"""Load a register of units from a CSV file, all or nothing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grids import registers
from grids.refusals import HierarchyRefused


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
            raise CommandError(_("There is no file %(path)s.") % {"path": path})
        try:
            done = registers.load(path=path, now=timezone.now())
        except registers.RegisterRefused as refused:
            for fault in refused.faults:
                self.stderr.write(f"{path.name}, {fault}")
            message = ngettext(
                "Nothing was loaded: %(count)d bad line in %(file)s.",
                "Nothing was loaded: %(count)d bad lines in %(file)s.",
                len(refused.faults),
            )
            raise CommandError(message % {"count": len(refused.faults), "file": path.name}) from refused
        except HierarchyRefused as refused:
            # Somebody else changed the tree meanwhile.
            raise CommandError(" ".join(refused.messages)) from refused
        for code, old, new in done.renamed:
            self.stdout.write(f"renamed {code}: {old} -> {new}")
        self.stdout.write(
            f"{path.name}: {len(done.created)} created, {len(done.renamed)} renamed, "
            f"{len(done.changed)} otherwise changed, {done.unchanged} unchanged."
        )
