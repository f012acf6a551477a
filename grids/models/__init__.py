"""Tables of places and people, one module per noun."""

from grids.models.audit import AuditAct, AuditEntry, PasswordHistory
from grids.models.boundaries import Boundary, Plan, PlanStatus
from grids.models.drafts import Lineage, PlanArea, PlanOperation, Proposal, ProposalState
from grids.models.ends import EndState, PlannedEnd
from grids.models.forces import Force, ForceKind, Matter, Round, Routine, RoutineKind
from grids.models.ground import Dwelling, LineKind, ReferenceLine
from grids.models.house import HouseEvent
from grids.models.people import Person, Post, UnitUserPermission
from grids.models.profile import DistrictProfile
from grids.models.units import Succession, Unit

__all__ = [
    "AuditAct",
    "AuditEntry",
    "Boundary",
    "DistrictProfile",
    "Dwelling",
    "EndState",
    "Force",
    "ForceKind",
    "HouseEvent",
    "LineKind",
    "Lineage",
    "Matter",
    "PasswordHistory",
    "Person",
    "Plan",
    "PlanArea",
    "PlanOperation",
    "PlanStatus",
    "PlannedEnd",
    "Post",
    "Proposal",
    "ProposalState",
    "ReferenceLine",
    "Round",
    "Routine",
    "RoutineKind",
    "Succession",
    "Unit",
    "UnitUserPermission",
]
