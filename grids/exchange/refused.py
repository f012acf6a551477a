"""What is wrong with a file: each fault by the feature's number, its code and the reason. Pure."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, order=True)
class FeatureFault:
    """Why a feature cannot be loaded. `index` counts from 1; 0 stands for the file as a whole."""

    index: int
    code: str
    reason: str

    def __str__(self) -> str:
        if not self.index:
            return self.reason
        words = {"index": self.index, "code": self.code or "?", "reason": self.reason}
        return _("feature %(index)d (%(code)s): %(reason)s") % words


class BoundaryFileRefused(Exception):
    """Nothing was taken from the file; `faults` names every bad feature and every place that does not fit."""

    def __init__(self, found: list[FeatureFault] | str) -> None:
        self.faults = [FeatureFault(0, "", found)] if isinstance(found, str) else sorted(found)
        super().__init__("\n".join(str(fault) for fault in self.faults))
