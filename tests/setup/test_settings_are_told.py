"""docs/operations.md names every environment variable that the settings read, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Set by the container file and by scripts for one process, not by whoever keeps an installation.
INTERNAL = {"DJANGO_SETTINGS_MODULE"}


def read() -> set[str]:
    """Names given to a function of `governance.environment` in the settings."""
    tree = ast.parse((ROOT / "governance" / "settings.py").read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "environment"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def told() -> set[str]:
    """Names in the first column of the table of settings."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = text.split("## Settings")[1].split("\n## ")[0]
    return {name for row in re.findall(r"^\|([^|]+)\|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


def test_every_variable_is_told_and_none_that_is_not_there() -> None:
    assert len(read()) > 20
    assert told() == read() - INTERNAL
