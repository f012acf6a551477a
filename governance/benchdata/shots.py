"""Photos of a told history: a share of the incidents shows some, out of few drawn pictures whose files all share.

The rows are as many as they would be, the files are not: hundreds of thousands of incidents write two megabytes.
"""

import random
from typing import Any

from django.core.files.base import ContentFile
from django.db import connection

from dispatch.simulation.album import Album
from dispatch.simulation.pictures import MATTER
from incidents.models import Photo, PhotoStage
from incidents.photos import Picture

# Of a hundred incidents so many were photographed when they were reported; of those that ended, most afterwards too.
SHARE, AFTERWARDS = 8, 6

_ROWS = """
INSERT INTO incidents_photo (incident_id, event_id, token, stage, original, shown, thumbnail, width, height, sha256,
                             point, added_by_id, added_at)
SELECT i.id, birth.id, gen_random_uuid(), %(stage)s, file.original, file.shown, file.thumbnail, file.width, file.height,
       file.sha256, CASE WHEN birth.id IS NOT NULL THEN i.point END,
       coalesce(work.person_id, i.reporter_id), coalesce(work.at, i.reported_at)
  FROM incidents_incident i
  JOIN (SELECT row_number() OVER () - 1 AS number, f.*
          FROM unnest(%(original)s::text[], %(shown)s::text[], %(thumbnail)s::text[], %(width)s::int[],
                      %(height)s::int[], %(sha256)s::text[])
               AS f (original, shown, thumbnail, width, height, sha256)) file ON file.number = i.id %% %(files)s
  LEFT JOIN LATERAL (SELECT e.id FROM incidents_incidentevent e
                      WHERE %(stage)s = 'before' AND e.incident_id = i.id AND e.kind IN ('report', 'self_handle')
                      ORDER BY e.id LIMIT 1) birth ON true
  LEFT JOIN LATERAL (SELECT h.person_id, h.at FROM incidents_handler h
                      WHERE %(stage)s = 'after' AND h.incident_id = i.id ORDER BY h.id DESC LIMIT 1) work ON true
 WHERE i.id >= %(first)s AND i.id * 7919 %% 100 < %(share)s AND (%(stage)s = 'before' OR work.at IS NOT NULL)
"""


def show(*, first_incident: int, seed: int) -> int:
    """Write photos of the incidents from `first_incident` on; returns how many rows."""
    album, dice = Album(seed), random.Random(seed)
    before = [album.picture(scene, after=False, dice=dice) for scene in MATTER]
    # Two looks of a street, put right.
    after = list({one.sha256: one for one in (album.picture("", after=True, dice=dice) for _try in range(9))}.values())
    written = _write(before, PhotoStage.BEFORE, SHARE, first_incident)
    return written + _write(after, PhotoStage.AFTER, AFTERWARDS, first_incident)


def _write(pictures: list[Picture], stage: PhotoStage, share: int, first: int) -> int:
    asked: dict[str, Any] = {
        "stage": stage.value,
        "share": share,
        "first": first,
        "files": len(pictures),
        **{name: [_saved(one, name) for one in pictures] for name in ("original", "shown", "thumbnail")},
        "width": [one.width for one in pictures],
        "height": [one.height for one in pictures],
        "sha256": [one.sha256 for one in pictures],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, asked)
        return int(cursor.rowcount)


def _saved(picture: Picture, name: str) -> str:
    """The stored name of one of the picture's files."""
    field: Any = Photo._meta.get_field(name)
    suffix = picture.suffix if name == "original" else ".jpg"
    wanted = field.generate_filename(Photo(), f"{name}{suffix}")
    return str(field.storage.save(wanted, ContentFile(getattr(picture, name))))
