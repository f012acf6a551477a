"""`manage.py import_incidents`: records of another system become incidents, with its numbers, times and deadlines."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from grids.models import Person
from incidents.imports import files, mapping, suggestion, taking_over
from incidents.imports.refused import ImportRefused
from incidents.imports.taking_over import Order, RowsRefused

# Smaller files are done before anybody wonders.
PROGRESS_FROM = 10_000


class Command(BaseCommand):
    help = (
        "Imports FILE.csv (or .csv.gz) as a mapping file tells; all rows or none, unless --keep-good. Importing a "
        "record twice changes nothing. --suggest-mapping prints a mapping to begin with. See docs/imports.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, help="TOML file: what the columns and their values stand for")
        parser.add_argument("--source", default="", help="the system the records come from, the same at every import")
        parser.add_argument("--dry-run", action="store_true", help="do everything and take it back")
        parser.add_argument("--keep-good", action="store_true", help="import what can be taken; needs --rejects")
        parser.add_argument("--rejects", type=Path, help="CSV file for the rows that cannot be taken, with reasons")
        parser.add_argument("--by", default="", help="user name of the person who imports, for the record")
        parser.add_argument("--suggest-mapping", action="store_true", help="print a mapping file to begin with")
        parser.add_argument("--values", action="append", default=[], metavar="COLUMN", help="list its values as well")
        parser.add_argument("--delimiter", default=",", help="for --suggest-mapping")
        parser.add_argument("--encoding", default=files.AUTO, help="for --suggest-mapping")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if not options["file"].is_file():
                raise ImportRefused([_("There is no file %(path)s.") % {"path": options["file"]}])
            if options["suggest_mapping"]:
                self._suggest(options)
            else:
                self._import(options)
        except RowsRefused as refused:
            self._write(refused.report.lines())
            raise CommandError("\n".join(refused.lines)) from refused
        except ImportRefused as refused:
            raise CommandError("\n".join(refused.lines)) from refused

    def _suggest(self, options: dict[str, Any]) -> None:
        file = files.open_file(options["file"], encoding=options["encoding"], delimiter=options["delimiter"])
        self.stdout.write(suggestion.draft(file, listed=options["values"]), ending="")

    def _import(self, options: dict[str, Any]) -> None:
        if options["mapping"] is None:
            raise ImportRefused([_("Name a mapping file, or ask for one with --suggest-mapping.")])
        if options["keep_good"] and options["rejects"] is None:
            raise ImportRefused([_("With --keep-good, say where the rejected rows shall go: --rejects FILE.csv.")])
        order = Order(
            path=options["file"],
            mapping=mapping.read(options["mapping"]),
            source=options["source"],
            by=self._person(options["by"]),
            keep_good=options["keep_good"],
            rejects_to=options["rejects"],
            dry_run=options["dry_run"],
        )
        report = taking_over.take_over(order, now=timezone.now(), progress=self._progress)
        if options["verbosity"]:
            self._write(report.lines())
        if order.dry_run:
            self.stdout.write(_("A dry run: everything was taken back."))
        elif not report.imported:
            self.stdout.write(_("Nothing new was imported."))

    def _person(self, username: str) -> Person | None:
        if not username:
            return None
        person = Person.objects.filter(username=username).first()
        if person is None:
            raise ImportRefused([_("There is no account %(name)s.") % {"name": username}])
        return person

    def _progress(self, done: int, total: int) -> None:
        if total >= PROGRESS_FROM:
            self.stderr.write(f"{done:,} / {total:,}")
            sys.stderr.flush()

    def _write(self, lines: Any) -> None:
        for line in lines:
            self.stdout.write(line)
