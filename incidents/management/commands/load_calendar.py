"""`manage.py load_calendar`: the working calendar, at first, at each upgrade and after each yearly holiday notice."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from incidents import calendar_changes, calendar_drafts, calendar_effects, calendar_files, calendar_imports
from incidents.calendar_content import Content
from incidents.calendar_drafts import ChangeRefused
from incidents.calendars import CalendarError
from incidents.models import Calendar, CalendarChange, ChangeState
from incidents.reference_data import BadLine


class Command(BaseCommand):
    help = (
        "Takes statutory holidays and make-up workdays over into every calendar districts follow, as a new version "
        "where that says something new, and moves running deadlines. Without a file: from the package of this release, "
        "once. Local days, work periods and corrections stay. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="CSV with date,kind,festival or an ICS calendar")
        parser.add_argument("--name", default=calendar_imports.COMMON_NAME, help="name of a new calendar")
        parser.add_argument("--district", help="code of the district whose own calendar is meant, not all of them")
        parser.add_argument("--hours", default="09:00-12:00,13:30-17:30", help="work periods of a new calendar")
        parser.add_argument("--first-year", type=int, default=calendar_imports.FIRST_YEAR, help="of a new calendar")
        parser.add_argument("--last-year", type=int, default=calendar_imports.LAST_YEAR, help="of a new calendar")
        parser.add_argument("--renew", action="store_true", help="take the package over again, over corrections")
        parser.add_argument("--preview", action="store_true", help="only say what would move")
        parser.add_argument("--draft", action="store_true", help="leave it as a draft to be applied on the page")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = self._load(options)
        except (BadLine, CalendarError, OSError) as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            for line in told:
                self.stdout.write(f"calendar: {line}")

    def _load(self, options: dict[str, Any]) -> list[str]:
        followed = Calendar.objects.filter(by_name_only=False, versions__isnull=False).distinct().order_by("pk")
        meant = followed.filter(district=options["district"]) if options["district"] else followed
        told = [self._renew(calendar, options) for calendar in meant]
        if not meant.filter(district=options["district"]).exists():
            told.append(self._begin(options))
        if version := calendar_imports.round_the_clock(now=timezone.now()):
            told.append(f"{version} loaded")
        return told

    @transaction.atomic
    def _begin(self, options: dict[str, Any]) -> str:
        """The first version of a calendar; the district's clocks go over to it."""
        now = timezone.now()
        content = calendar_imports.shipped(
            hours=calendar_files.hours(options["hours"]),
            first_year=options["first_year"],
            last_year=options["last_year"],
        )
        if options["file"]:
            content = self._of_file(content, options["file"])
        calendar, _new = Calendar.objects.get_or_create(
            district_id=options["district"], by_name_only=False, defaults={"name": options["name"]}
        )
        version = calendar_changes.new_version(calendar=calendar, content=content, now=now)
        moved = calendar_changes.recompute_clocks(version=version, now=now)
        return f"{version} loaded, {moved} running deadlines moved"

    def _renew(self, calendar: Calendar, options: dict[str, Any]) -> str:
        """A further version where there is something new to say; what it moves is counted first, as on the page."""
        newest = calendar.versions.get(pk=calendar.versions.values("pk")[:1])
        if options["file"]:
            content = self._of_file(calendar_changes.content_of(newest), options["file"])
        else:
            found = calendar_imports.from_package(calendar, again=options["renew"])
            if found is None:
                return f"{newest} kept"
            content = found
        if calendar_changes.says(newest, content):
            return f"{newest} says the same already"
        try:
            change = calendar_drafts.begin(calendar=calendar, content=content, author=None, now=timezone.now())
        except ChangeRefused as refused:
            if options["file"]:
                raise
            return f"{newest} kept: {refused}"
        change = calendar_drafts.work(change_id=change.pk, now=timezone.now)
        told = [_foreseen(change)]
        if options["preview"]:
            calendar_drafts.abandon(change_id=change.pk, now=timezone.now())
        elif options["draft"]:
            told.append("left as a draft")
        else:
            told.append(_applied(change))
        return "; ".join(told)

    def _of_file(self, ours: Content, path: Path) -> Content:
        return calendar_imports.from_file(ours, path.read_bytes(), name=path.name)


def _foreseen(change: CalendarChange) -> str:
    effect = calendar_effects.from_json(change.found)
    later, earlier = effect.later, effect.earlier
    return (
        f"{change.calendar}: of {effect.clocks} running clocks {later.count if later else 0} move later, "
        f"{earlier.count if earlier else 0} earlier, {effect.yellow} become near due"
    )


def _applied(change: CalendarChange) -> str:
    calendar_drafts.apply(change_id=change.pk, revision=change.revision, by=None, now=timezone.now())
    change = calendar_drafts.work(change_id=change.pk, now=timezone.now)
    if change.state != ChangeState.APPLIED:
        return f"{change.version} in force, a worker moves the deadlines"
    return f"{change.version} loaded, {change.moved} running deadlines moved"
