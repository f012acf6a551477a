"""A file that was sent and waits to be looked at and confirmed: on the disk all processes share, a day at most.

It lies under a name nobody can guess, belongs to whoever sent it, and nothing of it is in the database.
"""

import json
import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from grids.exchange.opening import MOST_BYTES
from grids.exchange.refused import BoundaryFileRefused
from grids.models import Person

KEEPS = timedelta(hours=24)
# So many of one person wait at once; the oldest gives way.
MOST_OF_ONE = 5
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Waiting:
    """A file with what is known of it. `sent_at` is an ISO moment."""

    key: str
    name: str
    person: int
    sent_at: str

    @property
    def path(self) -> Path:
        return _folder() / self.key / "file"


def keep(*, name: str, pieces: Iterable[bytes], person: Person, now: datetime) -> Waiting:
    """The file, stored until tomorrow. Raises BoundaryFileRefused if it is too large; old ones are cleared away."""
    sweep(now=now)
    for old in sorted(_of(person), key=lambda one: one.sent_at, reverse=True)[MOST_OF_ONE - 1 :]:
        drop(old)
    waiting = Waiting(secrets.token_urlsafe(16), _named(name), person.pk, now.isoformat())
    place = waiting.path.parent
    place.mkdir(parents=True, mode=0o700)
    left = MOST_BYTES
    try:
        with waiting.path.open("wb") as file:
            for piece in pieces:
                left -= len(piece)
                if left < 0:
                    raise BoundaryFileRefused(too_large())
                file.write(piece)
        # Last, so that nobody finds half of a file.
        (place / "about.json").write_text(json.dumps(asdict(waiting)), encoding="utf-8")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return waiting


def find(*, key: str, person: Person, now: datetime) -> Waiting | None:
    """What this person sent under that key, None if it is gone or somebody else's."""
    found = _read(_folder() / key) if _KEY.fullmatch(key) else None
    if found is None or found.person != person.pk or datetime.fromisoformat(found.sent_at) + KEEPS < now:
        return None
    return found


def drop(waiting: Waiting) -> None:
    """Away with it."""
    shutil.rmtree(waiting.path.parent, ignore_errors=True)


def sweep(*, now: datetime) -> int:
    """Clear away what was sent more than a day ago, and what nobody finished sending; how many that were."""
    gone = 0
    for place in _places():
        found = _read(place)
        sent = (
            datetime.fromisoformat(found.sent_at) if found else datetime.fromtimestamp(_changed(place), tz=now.tzinfo)
        )
        if sent + KEEPS < now:
            shutil.rmtree(place, ignore_errors=True)
            gone += 1
    return gone


def too_large() -> str:
    return _("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 1024 // 1024}


def _folder() -> Path:
    return settings.DATA_DIR / "map-files"


def _places() -> list[Path]:
    folder = _folder()
    return [place for place in folder.iterdir() if place.is_dir()] if folder.is_dir() else []


def _changed(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _of(person: Person) -> list[Waiting]:
    return [found for place in _places() if (found := _read(place)) and found.person == person.pk]


def _read(place: Path) -> Waiting | None:
    try:
        found = Waiting(**json.loads((place / "about.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.key == place.name else None


def _named(name: str) -> str:
    """The name as it is shown, without folders and invisible letters."""
    shown = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return shown[:100] or "?"
