"""Lights, moments, words and icons as the pages show them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils import translation
from django.utils.safestring import mark_safe

from governance import icons
from grids import spans, words
from incidents.templatetags import lights

NOW = datetime(2026, 11, 25, 14, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
HOUR = 3600


@dataclass
class Clock:
    light: str
    due_at: datetime | None = NOW
    remaining: int | None = None
    remaining_is_working: bool = False


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def render(source: str, **context) -> str:
    return Template("{% load lights moments words icons %}" + source).render(Context(context))


@pytest.mark.parametrize("name", list(lights.WORDS))
def test_a_light_has_shape_word_and_colour_class(name):
    html = render("{% light clock %}", clock=Clock(name))
    assert f"light-{name}" in html
    assert "<svg" in html
    assert f">{lights.WORDS[name]}<" in html


def test_no_two_lights_share_a_shape():
    assert len(set(lights.SHAPES.values())) == len(lights.SHAPES)


@pytest.mark.parametrize(
    ("clock", "says"),
    [
        (Clock("yellow", remaining=HOUR + 1200, remaining_is_working=True), "1 working hour 20 min left"),
        (Clock("unlit", remaining=26 * HOUR), "1 day 2 hours left"),
        (Clock("red", remaining=-(3 * HOUR + 60)), "by 3 hours 1 min"),
        (Clock("red", remaining=-HOUR, remaining_is_working=True), "by 1 working hour"),
        (Clock("suspended"), "until 2026-11-25"),
        (Clock("green", remaining=500), ""),
        (Clock("paused", remaining=None), ""),
    ],
)
def test_the_time_beside_a_light_is_of_the_limits_own_kind(clock, says):
    assert lights.rest_of(clock) == says


def test_the_title_of_a_light_is_the_exact_moment():
    assert 'title="Due 2026-11-25 14:15:00"' in render("{% light clock %}", clock=Clock("red", remaining=-5))
    assert 'title="2 hours left · Due' in render("{% light clock 'short' %}", clock=Clock("unlit", remaining=2 * HOUR))


def test_an_unknown_light_is_drawn_as_none_and_no_clock_as_nothing():
    assert "light-none" in render("{% light clock %}", clock=Clock("<script>"))
    assert render("{% light clock %}", clock=None) == ""


def test_a_bar_says_its_figures_and_fills_its_width():
    html = render("{% light_bar counts 'Shawan' %}", counts={"red": 1, "yellow": 0, "unlit": 3})
    assert 'aria-label="Shawan: Overdue 1, Unlit 3"' in html
    assert 'width="250.0"' in html
    assert 'x="250.0" y="0" width="750.0"' in html
    assert "style=" not in html


def test_a_bar_of_nothing_says_none():
    assert 'aria-label="none"' in render("{% light_bar counts %}", counts={})
    assert 'aria-label="none"' in render("{% light_bar missing %}")


def test_a_mark_escapes_the_name_of_its_unit():
    assert "&lt;b&gt;" in render("{% light_mark 'red' unit %}", unit="<b>")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW, "today 14:15"),
        (NOW - timedelta(days=1), "yesterday 14:15"),
        (NOW + timedelta(days=1), "tomorrow 14:15"),
        (NOW - timedelta(days=2), "11-23 Mon 14:15"),
        (NOW - timedelta(days=400), "2025-10-21 14:15"),
        (datetime(2026, 11, 24, 16, 30, tzinfo=ZoneInfo("UTC")), "today 00:30"),
    ],
)
def test_moments_are_said_as_people_say_them(at, said):
    assert spans.said(at, NOW) == said


def test_a_moment_carries_the_exact_time():
    html = render("{{ at|moment:now }}", at=NOW, now=NOW)
    assert 'datetime="2026-11-25T14:15:00+08:00"' in html
    assert 'title="2026-11-25 14:15:00"' in html
    assert render("{{ at|moment }}", at=None) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 hour"), (7500, "2 hours 5 min"), (-90000, "1 day 1 hour")],
)
def test_spans_show_their_two_largest_units(seconds, said):
    assert spans.natural(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1500, "25 working min"),
        (HOUR, "1 working hour"),
        (15 * HOUR, "15 working hours"),
        (16 * HOUR, "2 working days"),
        (19 * HOUR, "2 working days 3 working hours"),
    ],
)
def test_working_time_is_said_in_working_units(seconds, said):
    assert spans.working(seconds) == said


def test_a_place_has_its_own_words():
    assert render("{% word 'grid' %} {% word 'grid' 'title' %}") == "grid Grid"
    with override_settings(WANGGE_WORDS={"grid": "微网格", "officer": {"zh-hans": "治理员", "en": "block governor"}}):
        assert render("{% word 'grid' %} {% word 'officer' %}") == "微网格 block governor"
        with translation.override("zh-hans"):
            assert words.word("officer") == "治理员"
            assert words.word("supervisor") == "监督员"
    with pytest.raises(words.UnknownWord):
        words.word("gird")


def test_an_icon_is_silent_unless_it_is_named():
    assert 'aria-hidden="true"' in render("{% icon 'bell' %}")
    assert 'role="img" aria-label="Inbox"' in render("{% icon 'bell' 'Inbox' %}")


def test_the_sprite_is_the_same_bytes_each_time_and_holds_every_name(settings, tmp_path):
    first = icons.build_sprite().read_bytes()
    assert icons.build_sprite().read_bytes() == first
    for name in icons.icon_names(icons.names_file().read_text(encoding="utf-8")):
        assert f'<symbol id="{name}"'.encode() in first


def test_a_name_without_a_drawing_is_told(monkeypatch, tmp_path):
    names = tmp_path / "icons.txt"
    names.write_text("bell\nno-such-icon\n", encoding="utf-8")
    monkeypatch.setattr(icons, "names_file", lambda: names)
    with pytest.raises(icons.IconMissing, match="no-such-icon"):
        icons.build_sprite()


def test_every_icon_of_the_templates_is_on_the_list(settings):
    import re

    base = Path(settings.BASE_DIR)
    known = set(icons.icon_names((base / "static" / "icons.txt").read_text(encoding="utf-8")))
    used = {}
    for template in (base / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        for name in re.findall(r'{%\s*icon "([a-z0-9-]+)"', text) + re.findall(r'icon_name="([a-z0-9-]+)"', text):
            used.setdefault(name, template.name)
    assert {name: where for name, where in used.items() if name not in known} == {}


def test_a_still_piece_is_drawn_once_for_each_language_and_for_each_of_what_it_names():
    drawn = []

    class Counted:
        def __str__(self):
            drawn.append(translation.get_language())
            return "seen"

    template = Template("{% load still %}{% still mark %}{{ counted }} {{ mark }}{% endstill %}")
    said = []
    for language in ("en", "zh-hans", "en"):
        for mark in ("a", "b"):
            with translation.override(language):
                said.append(template.render(Context({"counted": Counted(), "mark": mark})))
    assert said == ["seen a", "seen b"] * 3
    assert drawn == ["en", "en", "zh-hans", "zh-hans"]


def test_a_label_of_signs_is_never_taken_for_html_of_the_same_signs():
    source = "{% icon 'plus' label %}"
    assert "<b>" in render(source, label=mark_safe("<b>"))
    assert "&lt;b&gt;" in render(source, label="<b>")
