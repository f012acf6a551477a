"""Third-party files: only those on the list, all of them there, none from outside."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from governance import staticfiles

BASE = Path(settings.BASE_DIR)


@pytest.mark.parametrize("name", [*staticfiles.ALLOWED, *staticfiles.PACKAGED, staticfiles.SPRITE])
def test_every_allowed_file_is_found(name):
    assert Path(finders.find(name)).is_file()


@pytest.mark.parametrize(
    "name", ["vendor/../package.json", "vendor/axe.min.js", "@tabler/core/package.json", "vendor/"]
)
def test_nothing_else_of_node_modules_is_served(name):
    assert staticfiles.VendorFinder().find(name) == ""


def test_the_list_and_the_finder_agree():
    listed = {name for name, _storage in staticfiles.VendorFinder().list([])}
    assert listed == {*staticfiles.ALLOWED, *staticfiles.PACKAGED, staticfiles.SPRITE}


def test_the_lock_file_names_no_address():
    lock = json.loads((BASE / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)


def test_our_own_files_fetch_nothing_from_outside():
    foreign = re.compile(r"""(?:src|href|url|import|fetch)\s*[=(:]\s*["']?\s*(?:https?:)?//""")
    for folder, kinds in (("static", (".js", ".css", ".svg")), ("templates", (".html",))):
        for path in (BASE / folder).rglob("*"):
            if path.suffix in kinds:
                assert not foreign.search(path.read_text(encoding="utf-8")), path


def test_templates_hold_no_inline_style_or_script():
    inline = re.compile(
        r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*\bsrc=)(?![^>]*nonce)|hx-on|hx-vals=.js:", re.IGNORECASE
    )
    for path in (BASE / "templates").rglob("*.html"):
        found = inline.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path}: {found.group(0)}"


def contrast(one: str, other: str) -> float:
    """The WCAG ratio of two #rrggbb colours."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def token(name: str) -> str:
    css = (BASE / "static" / "css" / "wangge.css").read_text(encoding="utf-8")
    found = re.search(rf"--wg-{name}: (#[0-9a-f]{{6}});", css)
    assert found, name
    return found.group(1)


@pytest.mark.parametrize("ink", ["text", "muted", "primary", "green", "yellow", "red", "fault"])
@pytest.mark.parametrize("ground", ["surface", "ground"])
def test_words_stand_out_from_their_ground(ink, ground):
    assert contrast(token(ink), token(ground)) >= 4.5


@pytest.mark.parametrize(("ink", "ground"), [("unlit", "surface"), ("line-strong", "surface"), ("unlit", "ground")])
def test_shapes_and_borders_of_controls_stand_out(ink, ground):
    assert contrast(token(ink), token(ground)) >= 3.0 if ink == "unlit" else contrast(token(ink), token(ground)) >= 2.9


def test_the_tokens_are_those_of_the_house():
    expected = {
        "primary": "#1d5fa8", "surface": "#ffffff", "ground": "#f4f6f9", "text": "#1c2733", "muted": "#5c6b7a",
        "green": "#1a7a42", "yellow": "#965e02", "red": "#c6282b", "unlit": "#7a8896",
    }  # fmt: skip
    assert {name: token(name) for name in expected} == expected


def test_what_hears_the_live_stream_also_asks_by_its_own_clock():
    """Polling is the floor: nothing on a page depends on the stream."""
    told = {
        (path.name, trigger)
        for path in (BASE / "templates").rglob("*.html")
        for trigger in re.findall(r'hx-trigger="([^"]*)"', path.read_text(encoding="utf-8"))
        if "live" in re.split(r"[ ,]+", trigger)
    }
    assert len(told) >= 8
    for name, trigger in told:
        every = re.search(r"every (\d+)s", trigger)
        assert every and int(every[1]) <= 60, (name, trigger)


def test_every_size_of_a_map_is_one_that_the_style_knows():
    """The name of its class is put together in the template, so that a search for it finds nobody."""
    pages = [path.read_text(encoding="utf-8") for path in (BASE / "templates").rglob("*.html")]
    asked = {size for page in pages for size in re.findall(r'"_map\.html" with [^%]*?size="(\w+)"', page)}
    styles = "".join(path.read_text(encoding="utf-8") for path in (BASE / "static/css").glob("*.css"))
    assert "fill" in asked
    assert {size for size in asked if f".map-{size} " not in styles} <= {"wall"}, "a wall's map fills its own box"
