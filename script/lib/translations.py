"""Whether every string of the source stands translated, and not fuzzy, in locale/zh_Hans."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from places import CHECKOUT

PO = Path("locale") / "zh_Hans" / "LC_MESSAGES" / "django.po"
PARTS = ["governance", "grids", "incidents", "dispatch", "templates", "locale", "manage.py"]


def complaints(folder: Path, env: Mapping[str, str]) -> list[str]:
    """One line per string that is missing, untranslated or fuzzy; empty when complete.

    `folder` is an empty scratch folder: the strings are collected from a copy, so the tree stays as it is.
    """
    if not (CHECKOUT / PO).exists():
        return [f"{PO} is not there"]
    for name in PARTS:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
        elif source.exists():
            shutil.copy2(source, folder / name)
    collect = ["python", "manage.py", "makemessages", "-l", "zh_Hans", "--keep-pot", "-v", "0"]
    done = subprocess.run(collect, cwd=folder, env=dict(env), capture_output=True, text=True, check=False)
    template = folder / "locale" / "django.pot"
    if done.returncode or not template.exists():
        return ["the strings could not be collected:", (done.stdout + done.stderr).strip()]
    compared = subprocess.run(
        ["msgcmp", str(CHECKOUT / PO), str(template)],
        capture_output=True,
        text=True,
        check=False,
        env={**env, "LC_ALL": "C.UTF-8"},
    )
    return [] if compared.returncode == 0 else readable(compared.stderr)


def readable(said: str) -> list[str]:
    """msgcmp's findings with the string itself instead of a line number; strings only too many are no finding."""
    texts: dict[Path, list[str]] = {}
    result = []
    for line in said.splitlines():
        where, _, words = line.partition(": ")
        name, _, number = where.rpartition(":")
        if "message is not used" in words or words.startswith("...but") or not number.isdigit():
            continue
        lines = texts.setdefault(Path(name), Path(name).read_text(encoding="utf-8").splitlines())
        result.append(f"{words}: {_string_at(lines, int(number) - 1)}")
    return result or [said.strip()]


def _string_at(lines: list[str], index: int) -> str:
    """The msgid whose msgstr stands at a line, in one piece, with the file it was found in."""
    text, place = "", ""
    for line in reversed(lines[:index]):
        if line.startswith("#: "):
            place = f" ({line[3:].split(' ')[0]})"
        elif line.startswith(('"', "msgid")):
            text = line.removeprefix("msgid_plural ").removeprefix("msgid ").strip('"') + text
        elif not line.startswith(("#", "msgctxt")):
            break
    return f'"{text}"{place}'
