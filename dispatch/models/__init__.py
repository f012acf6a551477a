from dispatch.models.approvals import Approval, ApprovalKind, ApprovalState
from dispatch.models.assignments import (
    OPEN_ASSIGNMENT_STATES,
    Assignment,
    AssignmentRole,
    AssignmentState,
    ReturnReason,
)
from dispatch.models.cards import Card, CardColour, CardKind, CardState
from dispatch.models.faults import SweepFault
from dispatch.models.notices import Channel, Notice, Ticker

__all__ = [
    "OPEN_ASSIGNMENT_STATES",
    "Approval",
    "ApprovalKind",
    "ApprovalState",
    "Assignment",
    "AssignmentRole",
    "AssignmentState",
    "Card",
    "CardColour",
    "CardKind",
    "CardState",
    "Channel",
    "Notice",
    "ReturnReason",
    "SweepFault",
    "Ticker",
]
