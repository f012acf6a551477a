"""The demo's one random password per database, kept in a file that only its owner may read."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

# Without 0, O, 1, l and I, which look alike on a projector.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD = "password: "


def read(file: Path) -> str | None:
    """The password in the file, or None if there is no such file or no password in it."""
    if not file.is_file():
        return None
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line.removeprefix(_PASSWORD).strip() for line in lines if line.startswith(_PASSWORD)), None)


def fresh() -> str:
    """A new password: four groups of four, about 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _letter in range(4)) for _group in range(4))


def write(file: Path, password: str, accounts: Iterable[tuple[str, str]]) -> None:
    """Write the password and the accounts (user name, what it is) whole, readable by the owner alone."""
    lines = [f"{_PASSWORD}{password}", *(f"{username:<12} {what}" for username, what in accounts)]
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    part.replace(file)
