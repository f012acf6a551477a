"""What an import did or would have done, in words for people and as values for the batch."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from grids import spans
from incidents.imports.checks import Looked
from incidents.imports.files import SourceFile
from incidents.imports.punctuality import Punctuality
from incidents.imports.refused import Fault, Reason
from incidents.models import LocatedBy
from incidents.states import State

EXAMPLES = 5
MOST_VALUES_IN_BATCH = 1000


@dataclass
class Report:
    """Counts and examples; `wrote` says whether anything was kept."""

    file_name: str
    sha256: str
    read_as: str
    read: int = 0
    imported: int = 0
    already: int = 0
    differing: list[str] = field(default_factory=list)
    repeats: list[tuple[int, int]] = field(default_factory=list)
    further: list[tuple[int, int]] = field(default_factory=list)
    rejects: dict[int, list[Fault]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    by_rule: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    located: Counter[str] = field(default_factory=Counter)
    punctuality: Punctuality | None = None
    durations: dict[str, int] = field(default_factory=dict)
    earlier_batch: str = ""

    @classmethod
    def of(cls, file: SourceFile, looked: Looked) -> "Report":
        return cls(
            file.path.name, file.sha256, file.said, read=looked.read, repeats=looked.repeats, further=looked.further,
            rejects=looked.rejects, unknown=looked.unknown, by_rule=looked.by_rule,
        )  # fmt: skip

    # -- for people -------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """The report line by line."""
        yield _("%(file)s: %(read_as)s.") % {"file": self.file_name, "read_as": self.read_as}
        if self.earlier_batch:
            yield self.earlier_batch
        yield ngettext("%(count)d row read.", "%(count)d rows read.", self.read) % {"count": self.read}
        yield from self._left_out()
        yield from self._rejected()
        yield from self._unknown()
        yield from self._ruled()
        yield ngettext("%(count)d incident imported.", "%(count)d incidents imported.", self.imported) % {
            "count": self.imported
        }
        if self.imported:
            yield self._joined((str(State(name).label), count) for name, count in sorted(self.states.items()))
            yield self._joined((str(LocatedBy(name).label), count) for name, count in sorted(self.located.items()))
        yield from self._punctual()

    def _left_out(self) -> Iterator[str]:
        if self.already:
            yield _("%(count)d imported before, left as they are.") % {"count": self.already}
        if self.differing:
            words = {"count": len(self.differing), "numbers": ", ".join(self.differing[:EXAMPLES])}
            yield _("%(count)d of them say something else now and were not changed: %(numbers)s …") % words
        if self.repeats:
            words = {"count": len(self.repeats), "lines": _pairs(self.repeats)}
            yield _("%(count)d rows repeat another row entirely (line = line): %(lines)s") % words
        if self.further:
            words = {"count": len(self.further), "lines": _pairs(self.further)}
            yield _("%(count)d rows have the number of an earlier one, which was kept: %(lines)s") % words

    def _rejected(self) -> Iterator[str]:
        if not self.rejects:
            return
        yield ngettext("%(count)d row rejected:", "%(count)d rows rejected:", len(self.rejects)) % {
            "count": len(self.rejects)
        }
        for reason, found in self._by_reason().items():
            examples = ", ".join(f"{line}: {about}" if about else str(line) for line, about in found[:EXAMPLES])
            more = " …" if len(found) > EXAMPLES else ""
            yield f"  {reason.label}: {len(found)} ({pgettext('of a file', 'line')} {examples}{more})"

    def _unknown(self) -> Iterator[str]:
        for column, values in sorted(self.unknown.items()):
            yield _("Values of %(column)s that the mapping does not know:") % {"column": column}
            for value, count in values.most_common():
                yield f"  {value or _('(empty)')}: {count}"

    def _ruled(self) -> Iterator[str]:
        if self.by_rule["ambiguous"]:
            yield _("%(count)d local times that the clocks showed twice were read as the mapping says.") % {
                "count": self.by_rule["ambiguous"]
            }
        if self.by_rule["skipped"]:
            yield _("%(count)d local times that the clocks skipped were read as later, as the mapping says.") % {
                "count": self.by_rule["skipped"]
            }

    def _punctual(self) -> Iterator[str]:
        found = self.punctuality
        if found is None or not self.imported:
            return
        share = "" if found.share_in_time is None else f" ({found.share_in_time:.1%})"
        yield _("Closed with a due date: %(all)d, of these in time %(in_time)d%(share)s, late %(late)d.") % {
            "all": found.with_due, "in_time": found.in_time, "late": found.late, "share": share,
        }  # fmt: skip
        yield _("Closed without a due date: %(count)d.") % {"count": found.closed_without_due}
        yield _("Open: overdue %(overdue)d, not yet due %(in_time)d, without a due date %(none)d.") % {
            "overdue": found.open_overdue, "in_time": found.open_in_time, "none": found.open_without_due,
        }  # fmt: skip
        yield _("Not accepted or voided: %(count)d.") % {"count": found.ended_otherwise}
        yield _("The due and end columns of the file give the same figures.")
        if self.durations:
            words = {name: spans.natural(seconds) for name, seconds in self.durations.items()}
            yield _("From report to close: half within %(p50)s, nine tenths within %(p90)s.") % words

    @staticmethod
    def _joined(counts: Any) -> str:
        return "  " + ", ".join(f"{label} {count}" for label, count in counts)

    def _by_reason(self) -> dict[Reason, list[tuple[int, str]]]:
        found: dict[Reason, list[tuple[int, str]]] = {}
        for line in sorted(self.rejects):
            for fault in self.rejects[line]:
                found.setdefault(fault.reason, []).append((line, fault.about))
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    # -- for the batch ----------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Every count, without the rows themselves."""
        return {
            "read": self.read,
            "imported": self.imported,
            "already": self.already,
            "differing": len(self.differing),
            "repeats": len(self.repeats),
            "further": len(self.further),
            "rejected": len(self.rejects),
            "reasons": {
                str(reason.value): {"rows": len(found), "first_lines": [line for line, _about in found[:EXAMPLES]]}
                for reason, found in self._by_reason().items()
            },
            "unknown": {
                column: dict(values.most_common(MOST_VALUES_IN_BATCH)) for column, values in self.unknown.items()
            },
            "by_rule": dict(self.by_rule),
            "states": dict(self.states),
            "located": dict(self.located),
            "punctuality": self.punctuality.as_json() if self.punctuality else {},
            "durations": self.durations,
            "read_as": self.read_as,
        }


def _pairs(pairs: list[tuple[int, int]]) -> str:
    said = ", ".join(f"{line} = {first}" for line, first in pairs[:EXAMPLES])
    return f"{said} …" if len(pairs) > EXAMPLES else said
