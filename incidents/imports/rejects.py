"""The rows that were not taken, as a file that can be repaired and imported again.

Each row stands as it was, after its line and the reasons. Texts that a spreadsheet would compute are guarded by an
apostrophe, which the next import takes off again; plain numbers are left alone.
"""

import csv
import re
from collections.abc import Mapping as Table
from collections.abc import Sequence
from pathlib import Path

from incidents.imports import files
from incidents.imports.files import LINE_COLUMN, REASON_COLUMN, SourceFile
from incidents.imports.refused import Fault

_COMPUTED = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_LOST = re.compile("[\ud800-\udfff]")


def guarded(field: str) -> str:
    """The text so that no spreadsheet computes it; `files.bared` gives it back."""
    if _COMPUTED.match(field) and not _NUMBER.fullmatch(field):
        return "'" + field
    return field


def write(path: Path, file: SourceFile, faults: Table[int, Sequence[Fault]]) -> None:
    """Write the rows of `file` that have faults. The file appears whole or not at all."""
    own = [number for number, name in enumerate(file.header) if name in (LINE_COLUMN, REASON_COLUMN)]
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as target:
            writer = csv.writer(target, delimiter=file.delimiter)
            columns = [name for number, name in enumerate(file.header) if number not in own]
            writer.writerow([LINE_COLUMN, REASON_COLUMN, *columns])
            for line, fields in files.raw_rows(file):
                if line in faults:
                    writer.writerow([line, guarded(_reasons(faults[line])), *_as_they_were(file, fields, own)])
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _as_they_were(file: SourceFile, fields: Sequence[str], own: Sequence[int]) -> list[str]:
    readable = [_LOST.sub("\ufffd", field) for number, field in enumerate(fields) if number not in own]
    # Those of an earlier file of rejected rows are guarded already.
    return readable if file.is_of_rejects else [guarded(field) for field in readable]


def _reasons(faults: Sequence[Fault]) -> str:
    return _LOST.sub("\ufffd", "; ".join(dict.fromkeys(str(fault) for fault in faults)))
