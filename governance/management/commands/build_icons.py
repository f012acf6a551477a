"""`manage.py build_icons`: assemble the icon sprite named by static/icons.txt."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance import icons


class Command(BaseCommand):
    help = "Assemble the SVG sprite of the icons named in static/icons.txt."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = icons.build_sprite()
        except (icons.IconMissing, OSError) as error:
            raise CommandError(str(error)) from error
        count = len(icons.icon_names(icons.names_file().read_text(encoding="utf-8")))
        self.stdout.write(f"{count} icons, {target.stat().st_size} bytes")
