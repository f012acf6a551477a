"""One SVG sprite of the icons in use, assembled from the installed icon package.

Nothing third-party is committed: `static/icons.txt` names the icons, the package under
node_modules holds the drawings, and the sprite is written to the git-ignored set-up folder.
"""

import re
from pathlib import Path

from django.conf import settings

BODY = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)
NO_SHAPE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


class IconMissing(Exception):
    """A name in static/icons.txt has no drawing, or the icon package is not installed."""


def names_file() -> Path:
    return Path(settings.BASE_DIR) / "static" / "icons.txt"


def sprite_file() -> Path:
    return Path(settings.BASE_DIR) / ".setup" / "icons.svg"


def drawings_folder() -> Path:
    return Path(settings.BASE_DIR) / "node_modules" / "@tabler" / "icons" / "icons" / "outline"


def icon_names(text: str) -> list[str]:
    """The names of a list file in alphabetical order, comments and blank lines left out."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return sorted({line for line in lines if line})


def symbol(name: str, drawing: str) -> str:
    """One `<symbol>` of a sprite from the text of one drawing. Raises IconMissing if it is no SVG."""
    found = BODY.search(drawing)
    if found is None:
        raise IconMissing(f"{name}: the drawing is not an SVG")
    # No stroke width here: the style sheet gives it by size.
    shape = " ".join(NO_SHAPE.sub("", found.group(1)).split())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{shape}</symbol>'
    )


def build_sprite() -> Path:
    """The sprite file, written anew. The same names and package give the same bytes.

    Raises IconMissing, naming every icon that the package does not have.
    """
    names = icon_names(names_file().read_text(encoding="utf-8"))
    folder = drawings_folder()
    missing = [name for name in names if not (folder / f"{name}.svg").is_file()]
    if missing:
        raise IconMissing(f"no drawing in {folder.parent.parent.name} for: {', '.join(missing)}")
    symbols = [symbol(n, (folder / f"{n}.svg").read_text(encoding="utf-8")) for n in names]
    target = sprite_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    text = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    # Written beside and renamed: a reader never sees half a sprite.
    part = target.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(target)
    return target


def fresh_sprite() -> Path:
    """The sprite file, built first if it is missing or older than the list of names."""
    target = sprite_file()
    if not target.is_file() or target.stat().st_mtime < names_file().stat().st_mtime:
        return build_sprite()
    return target
