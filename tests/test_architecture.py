"""The house plan holds for the whole tree, and the checker sees what it is made to see."""

from pathlib import Path

import pytest

from tests import architecture

ROOT = Path(__file__).resolve().parent.parent

SOUND = {
    "grids": "",
    "grids.models": "from guardian.models import UserObjectPermissionAbstract",
    "grids.levels": "",
    "grids.views": "from grids.models import Unit\nfrom grids import levels",
    "incidents": "",
    "incidents.models": "from grids.models import Unit\nfrom incidents.states import State",
    "incidents.states": "import enum",
    "dispatch": "",
    "dispatch.tasks": "from . import supervision",
    "dispatch.supervision": "from incidents.models import Incident\ndef f():\n    from grids.levels import UnitKind",
    "governance": "",
    "governance.settings": "from governance import environment",
    "governance.environment": "import os",
}


def test_the_tree_keeps_the_plan() -> None:
    assert architecture.complaints(architecture.read_sources(ROOT)) == []


def test_the_checker_reads_the_real_tree() -> None:
    sources = architecture.read_sources(ROOT)
    assert "governance.settings" in sources
    assert "governance.environment" in architecture.imported("governance.settings", sources)


def test_a_sound_plan_passes() -> None:
    assert architecture.complaints(SOUND) == []


@pytest.mark.parametrize(
    ("name", "source", "word"),
    [
        ("grids.plans", "from incidents.models import Incident", "a floor above"),
        ("grids.plans", "import dispatch.tasks", "a floor above"),
        ("incidents.lifecycle", "def f():\n    from dispatch import supervision", "a floor above"),
        ("incidents.lifecycle", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import governance", "above"),
        ("grids.levels", "from grids.models import Unit\nfrom grids.views import page", "stands above it"),
        ("grids.utils", "", "name it after what it does"),
        ("incidents.services.routing", "", "name it after what it does"),
        ("incidents.access", "from guardian.shortcuts import get_objects_for_user", "ask grids.permissions"),
        ("dispatch.supervision", "from dispatch import tasks", "circle: dispatch.supervision -> dispatch.tasks"),
        ("grids.forms", "from . import views", "stands above it"),
    ],
)
def test_a_planted_fault_is_seen(name: str, source: str, word: str) -> None:
    found = architecture.complaints({**SOUND, name: source})
    assert any(word in line and name.split(".")[0] in line for line in found), found


def test_a_circle_through_three_modules_is_told_once() -> None:
    planted = {
        **SOUND,
        "grids.a": "from grids import b",
        "grids.b": "from grids import c",
        "grids.c": "from grids import a",
    }
    assert architecture.circles(planted) == ["grids.a -> grids.b -> grids.c -> grids.a"]


def test_a_circle_only_for_types_is_none() -> None:
    planted = {
        **SOUND,
        "grids.a": "from grids import b",
        "grids.b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from grids import a",
    }
    assert architecture.circles(planted) == []
