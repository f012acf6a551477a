"""Tables of places and people, one module per noun."""

from grids.models.audit import AuditAct, AuditEntry, PasswordHistory
from grids.models.boundaries import Boundary, Plan, PlanStatus
from grids.models.people import Person, Post, UnitUserPermission
from grids.models.profile import DistrictProfile
from grids.models.units import Succession, Unit

__all__ = [
    "AuditAct",
    "AuditEntry",
    "Boundary",
    "DistrictProfile",
    "PasswordHistory",
    "Person",
    "Plan",
    "PlanStatus",
    "Post",
    "Succession",
    "Unit",
    "UnitUserPermission",
]
