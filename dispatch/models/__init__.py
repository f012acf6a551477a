from dispatch.models.approvals import Approval, ApprovalKind, ApprovalState
from dispatch.models.assignments import (
    OPEN_ASSIGNMENT_STATES,
    Assignment,
    AssignmentRole,
    AssignmentState,
    ReturnReason,
)
from dispatch.models.audiences import Audience
from dispatch.models.cards import Card, CardColour, CardKind, CardState
from dispatch.models.deliveries import (
    ENDED_STATES,
    FAILED_STATES,
    TELLING,
    Address,
    Bucket,
    Delivery,
    DeliveryState,
    Hears,
)
from dispatch.models.faults import SweepFault
from dispatch.models.notices import OUTSIDE_CHANNELS, Channel, Notice, Ticker
from dispatch.models.self_audits import SelfAudit

__all__ = [
    "ENDED_STATES",
    "FAILED_STATES",
    "OPEN_ASSIGNMENT_STATES",
    "OUTSIDE_CHANNELS",
    "TELLING",
    "Address",
    "Approval",
    "ApprovalKind",
    "ApprovalState",
    "Assignment",
    "AssignmentRole",
    "AssignmentState",
    "Audience",
    "Bucket",
    "Card",
    "CardColour",
    "CardKind",
    "CardState",
    "Channel",
    "Delivery",
    "DeliveryState",
    "Hears",
    "Notice",
    "ReturnReason",
    "SelfAudit",
    "SweepFault",
    "Ticker",
]
