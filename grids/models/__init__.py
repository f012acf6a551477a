"""Tables of places and people, one module per noun."""

from grids.models.audit import AuditAct, AuditEntry, PasswordHistory
from grids.models.boundaries import Boundary, Plan, PlanStatus
from grids.models.drafts import Lineage, PlanArea, PlanOperation, Proposal, ProposalState
from grids.models.ground import Dwelling, LineKind, ReferenceLine
from grids.models.people import Person, Post, UnitUserPermission
from grids.models.profile import DistrictProfile
from grids.models.units import Succession, Unit

__all__ = [
    "AuditAct",
    "AuditEntry",
    "Boundary",
    "DistrictProfile",
    "Dwelling",
    "LineKind",
    "Lineage",
    "PasswordHistory",
    "Person",
    "Plan",
    "PlanArea",
    "PlanOperation",
    "PlanStatus",
    "Post",
    "Proposal",
    "ProposalState",
    "ReferenceLine",
    "Succession",
    "Unit",
    "UnitUserPermission",
]
