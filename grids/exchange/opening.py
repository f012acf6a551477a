"""What kind of map file was sent, found out by its content, and its layers laid out where GDAL may read them.

No name inside of an archive becomes a path, nothing is unpacked beyond a limit, and only files that are what they claim
reach the reader: no archive in an archive, no file that points to another file.
"""

import gzip
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.exchange.refused import BoundaryFileRefused

MOST_BYTES = 50 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
# Text takes five times its size in memory while it is read.
MOST_TEXT = 40 * 1024 * 1024
MOST_ENTRIES = 500
_PIECE = 1024 * 1024
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
# What a .cpg says is weighed by us, not believed by GDAL: it lies beside under another name.
SAID_ENCODING = ".said"
_LAID_OUT = {".cpg": SAID_ENCODING}
_LANGUAGE_BYTE = 29
_SHAPEFILE_MAGIC, _SQLITE_MAGIC = b"\x00\x00\x27\x0a", b"SQLite format 3\x00"
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?kml[\s>]", re.DOTALL)


class Format(TextChoices):
    GEOJSON = "geojson", gettext_lazy("GeoJSON")
    SHAPEFILE = "shp", gettext_lazy("Shapefile (zip)")
    GPKG = "gpkg", gettext_lazy("GeoPackage")
    KML = "kml", gettext_lazy("KML")


@dataclass(frozen=True)
class Source:
    """One layer of a file: its name for people, and where it is read."""

    name: str
    format: Format
    path: Path


@contextmanager
def opened(path: Path, *, name: str = "") -> Iterator[list[Source]]:
    """The layers of the file at `path`, at least one, as long as the block lasts. Raises BoundaryFileRefused.

    `name` is what people call the file if it lies under another name.
    """
    with tempfile.TemporaryDirectory(prefix="wangge-map-") as folder:
        try:
            yield _sources(path, Path(folder), PurePosixPath(name or path.name).stem)
        except PermissionError as error:
            raise BoundaryFileRefused(_("The file may not be read.")) from error


def _sources(path: Path, folder: Path, name: str) -> list[Source]:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise BoundaryFileRefused(_("The file is empty."))
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(path, folder)
    if head.startswith(b"\x1f\x8b"):
        unpacked = folder / "unpacked"
        try:
            with gzip.open(path) as file:
                _copied(file, unpacked, MOST_UNPACKED)
        except (OSError, EOFError, zlib.error) as error:
            raise BoundaryFileRefused(_("The gzip file is damaged.")) from error
        path = unpacked
    return _of_plain(path, folder, name)


def _of_plain(path: Path, folder: Path, name: str) -> list[Source]:
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_SHAPEFILE_MAGIC):
        raise BoundaryFileRefused(_("A Shapefile is several files: put .shp, .shx, .dbf and .prj into one zip."))
    if head.startswith(_SQLITE_MAGIC):
        return _of_geopackage(Path(shutil.copy(path, folder / "map.gpkg")))
    if path.stat().st_size > MOST_TEXT:
        words = {"most": MOST_TEXT // _PIECE}
        raise BoundaryFileRefused(_("As text it is larger than %(most)d MB: send a Shapefile or GeoPackage.") % words)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return [_of_kml(path, name)]
    if text.startswith((b"{", b"[")):
        return [Source(name, Format.GEOJSON, path)]
    raise BoundaryFileRefused(_("This is no GeoJSON, zipped Shapefile, GeoPackage or KML."))


def _of_kml(path: Path, name: str) -> Source:
    data = path.read_bytes()
    if not _ROOT.match(data.removeprefix(b"\xef\xbb\xbf")) or b"opengis.net/gml" in data[:4096]:
        raise BoundaryFileRefused(_("This XML file is no KML."))
    # Entities are how a small file becomes an endless one, or reads another.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BoundaryFileRefused(_("A KML file with a document type of its own is not read."))
    return Source(name, Format.KML, path)


# What computes instead of being stored may do so for ever, or fill the memory from a few bytes: a table of the
# format that is a view, a column that is made as it is read.
_COMPUTED = """
select 1 from sqlite_master where type = 'view' and name like 'gpkg%'
union all
select 1 from sqlite_master m, pragma_table_xinfo(m.name) c
 where m.type = 'table' and m.sql not like 'create virtual%' and c.hidden in (2, 3)
"""
# A view of features is left out for the same reason.
_FEATURES = """
select c.table_name from gpkg_contents c join sqlite_master m on m.name = c.table_name
 where c.data_type = 'features' and m.type = 'table' and m.sql not like 'create virtual%' order by 1
"""


def _of_geopackage(path: Path) -> list[Source]:
    """Its tables of features."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            if database.execute(_COMPUTED).fetchone():
                raise BoundaryFileRefused(_("The GeoPackage computes what it should hold: save its layers as tables."))
            names = [str(row[0]) for row in database.execute(_FEATURES)]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BoundaryFileRefused(_("This SQLite file is no GeoPackage, or it is damaged.")) from error
    if not names:
        raise BoundaryFileRefused(_("The GeoPackage has no layer of features."))
    return [Source(name, Format.GPKG, path) for name in names]


def _of_archive(path: Path, folder: Path) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            sources = _shapefiles(archive, members, folder)
            return sources or _the_only_file(archive, members, folder)
    # zipfile itself raises NotImplementedError for a member packed in a way it does not know.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, OSError) as error:
        raise BoundaryFileRefused(_("The zip file is damaged.")) from error


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_ENTRIES or sum(member.file_size for member in members) > MOST_UNPACKED:
        raise BoundaryFileRefused(_too_large())
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in PurePosixPath(name).parts or re.match("[A-Za-z]:", name):
            raise BoundaryFileRefused(
                _("The zip file holds a path that leads out of it: %(name)s.") % {"name": name[:80]}
            )
        if member.flag_bits & 1:
            raise BoundaryFileRefused(_("The zip file has a password."))
    return [member for member in members if not _is_litter(member.filename)]


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _shapefiles(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path) -> list[Source]:
    groups: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for member in members:
        whole = PurePosixPath(member.filename)
        if whole.suffix.lower() in _SHAPEFILE_PARTS:
            groups.setdefault(str(whole.with_suffix("")).lower(), {})[whole.suffix.lower()] = member
    sources = []
    for number, parts in enumerate(group for group in groups.values() if ".shp" in group):
        name = PurePosixPath(_readable(parts[".shp"])).stem
        missing = [suffix for suffix in (".shp", ".dbf") if suffix not in parts]
        if missing:
            words = {"name": name, "missing": ", ".join(missing)}
            raise BoundaryFileRefused(_("The Shapefile %(name)s lacks %(missing)s.") % words)
        for suffix, member in parts.items():
            with archive.open(member) as file:
                _copied(file, folder / f"{number}{_LAID_OUT.get(suffix, suffix)}", MOST_UNPACKED)
        _forget_language(folder / f"{number}.dbf")
        sources.append(Source(name, Format.SHAPEFILE, folder / f"{number}.shp"))
    return sources


def _forget_language(table: Path) -> None:
    """Unset the table's language, which is often wrong, so that its text comes as it stands there."""
    with table.open("r+b") as file:
        if file.seek(0, 2) > _LANGUAGE_BYTE:
            file.seek(_LANGUAGE_BYTE)
            file.write(b"\0")


def _the_only_file(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path) -> list[Source]:
    """A GeoJSON, GeoPackage or KML alone in its archive; of a KMZ the one KML among its pictures."""
    known = [member for member in members if member.filename.lower().endswith((".geojson", ".json", ".gpkg", ".kml"))]
    if len(known) != 1:
        raise BoundaryFileRefused(
            _("The zip file must hold one Shapefile or more, or a single GeoJSON, GeoPackage or KML.")
        )
    target = folder / "inner"
    with archive.open(known[0]) as file:
        _copied(file, target, MOST_UNPACKED)
    return _of_plain(target, folder, PurePosixPath(_readable(known[0])).stem)


def _readable(member: zipfile.ZipInfo) -> str:
    """The name as its maker wrote it: Chinese archives often carry GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def _copied(file: IO[bytes] | gzip.GzipFile, target: Path, most: int) -> None:
    """Copy, but no more than `most` bytes, whatever the archive says about itself."""
    left = most
    with target.open("wb") as out:
        while piece := file.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise BoundaryFileRefused(_too_large())
            out.write(piece)


def _too_large() -> str:
    return _("Unpacked it is larger than %(most)d MB or has more than %(entries)d files.") % {
        "most": MOST_UNPACKED // _PIECE, "entries": MOST_ENTRIES,
    }  # fmt: skip
