"""`manage.py load_calendar`: the working calendar, at first and after each yearly holiday notice."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from incidents import calendar_changes, reference_data
from incidents.calendars import CalendarError
from incidents.models import Calendar


class Command(BaseCommand):
    help = (
        "Loads statutory holidays and make-up workdays as a calendar version and recomputes running deadlines. "
        "Without a file: the days shipped with this release, unless a calendar is there already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="CSV with date,kind,festival,provisional")
        parser.add_argument("--name", default="法定工作日历", help="name of the calendar")
        parser.add_argument("--district", help="code of the district whose own calendar this is")
        parser.add_argument("--hours", default="09:00-12:00,13:30-17:30", help="work periods of a day")
        parser.add_argument("--last-year", type=int, default=2045, help="last year that can be counted in")
        parser.add_argument("--renew", action="store_true", help="add the shipped days as a new version")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = self._load(options)
        except (reference_data.BadLine, CalendarError, OSError) as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write(f"calendar: {told}")

    def _load(self, options: dict[str, Any]) -> str:
        now = timezone.now()
        calendar, _ = Calendar.objects.get_or_create(name=options["name"], district_id=options["district"])
        newest = calendar.versions.first()
        if newest is not None and not options["file"] and not options["renew"]:
            return f"{newest} kept"
        content = self._content(options)
        if newest is not None and calendar_changes.says(newest, content):
            return f"{newest} says the same already"
        version = calendar_changes.new_version(calendar=calendar, content=content, now=now)
        changed = calendar_changes.recompute_clocks(version=version, now=now)
        return f"{version} loaded, {changed} running deadlines moved"

    def _content(self, options: dict[str, Any]) -> calendar_changes.Content:
        published = reference_data.special_days(options["file"])
        days = calendar_changes.with_fixed_days(published, last_year=options["last_year"])
        return calendar_changes.Content(
            hours=reference_data.hours(options["hours"]),
            special_days=days,
            first_year=days[0].day.year,
            last_year=options["last_year"],
            provisional_from=calendar_changes.first_provisional(days),
            zone=settings.TIME_ZONE,
            source=str(options["file"].name if options["file"] else "holidays.csv"),
        )
