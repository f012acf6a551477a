"""Pictures are believed for their content only; what is shown carries nothing but pixels."""

import io
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from PIL import ExifTags, Image

from incidents import photos
from incidents.models import Photo, PhotoStage
from tests.incidents.story import Story


def jpeg(*, size: tuple[int, int] = (64, 48), located: bool = False, orientation: int = 1) -> io.BytesIO:
    image = Image.new("RGB", size, (200, 80, 40))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if located:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:03:04 09:30:00"
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[1], gps[2] = "N", (29.0, 24.0, 54.0)
        gps[3], gps[4] = "E", (103.0, 33.0, 18.0)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    out.seek(0)
    return out


def test_place_and_time_are_read_and_the_shown_copies_carry_neither() -> None:
    picture = photos.check(jpeg(located=True))
    assert picture.taken_at == datetime(2026, 3, 4, 1, 30, tzinfo=UTC)
    assert picture.point is not None
    assert (round(picture.point.x, 4), round(picture.point.y, 4)) == (103.555, 29.415)
    for copy in (picture.shown, picture.thumbnail):
        assert b"Exif" not in copy
        assert not dict(Image.open(io.BytesIO(copy)).getexif())
    assert b"Exif" in picture.original


def test_a_sideways_picture_is_turned_upright() -> None:
    picture = photos.check(jpeg(size=(64, 48), orientation=6))
    assert (picture.width, picture.height) == (48, 64)
    assert Image.open(io.BytesIO(picture.shown)).size == (48, 64)


def test_a_large_picture_is_shown_smaller_and_kept_whole() -> None:
    picture = photos.check(jpeg(size=(2400, 1200)))
    assert Image.open(io.BytesIO(picture.shown)).size == (1600, 800)
    assert Image.open(io.BytesIO(picture.thumbnail)).size == (320, 160)
    assert Image.open(io.BytesIO(picture.original)).size == (2400, 1200)


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a not really", b"<svg onload=alert(1)>", b"\xff\xd8\xff\xe0" + b"0" * 400, b"%PDF-1.7"],
)
def test_what_is_no_picture_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        photos.check(io.BytesIO(data))
    assert caught.value.code == "not_a_picture"


def test_too_many_pixels_or_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)
    with pytest.raises(ValidationError) as caught:
        photos.check(jpeg())
    assert caught.value.code == "too_large"
    monkeypatch.setattr(photos, "MAX_BYTES", 100)
    with pytest.raises(ValidationError) as caught:
        photos.check(jpeg())
    assert caught.value.code == "too_large"


def test_the_same_picture_is_kept_once_under_a_name_that_tells_nothing(story: Story) -> None:
    incident = story.report()
    kept = [
        photos.add(
            incident=incident,
            picture=photos.check(jpeg()),
            stage=PhotoStage.BEFORE,
            now=story.now,
            added_by=story.cast.officer,
        )
        for _turn in range(2)
    ]
    assert kept[0].pk == kept[1].pk and Photo.objects.count() == 1
    assert incident.number not in kept[0].original.name and "original" not in kept[0].original.name
    assert kept[0].shown.size < 20_000


def test_an_incident_keeps_a_limited_number(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MAX_PER_INCIDENT", 1)
    incident = story.report()
    add = {"incident": incident, "stage": PhotoStage.BEFORE, "now": story.now, "added_by": None}
    photos.add(picture=photos.check(jpeg()), **add)
    with pytest.raises(ValidationError) as caught:
        photos.add(picture=photos.check(jpeg(size=(10, 10))), **add)
    assert caught.value.code == "too_many"
