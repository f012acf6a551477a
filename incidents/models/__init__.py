from incidents.models.calendar import (
    IN_FLIGHT,
    LOCAL_KINDS,
    Calendar,
    CalendarChange,
    CalendarVersion,
    ChangeState,
    DayKind,
    SpecialDay,
    WorkPeriod,
)
from incidents.models.categories import Category, IncidentKind
from incidents.models.clocks import Clock, ClockState, Light, PauseCause, RedAction, Subject, TimeLimit, TimeUnit
from incidents.models.escalation import CardColour, EscalationRule, Told, YellowAction
from incidents.models.events import IncidentEvent, Unannounced
from incidents.models.exports import ExportRequest, ExportState
from incidents.models.imports import ImportBatch, ImportedRecord
from incidents.models.incident import CAME_BACK, Handler, Incident, Inspection, LocatedBy, Sight, Source
from incidents.models.photos import Photo, PhotoStage

__all__ = [
    "CAME_BACK",
    "IN_FLIGHT",
    "LOCAL_KINDS",
    "Calendar",
    "CalendarChange",
    "CalendarVersion",
    "CardColour",
    "Category",
    "ChangeState",
    "Clock",
    "ClockState",
    "DayKind",
    "EscalationRule",
    "ExportRequest",
    "ExportState",
    "Handler",
    "ImportBatch",
    "ImportedRecord",
    "Incident",
    "IncidentEvent",
    "IncidentKind",
    "Inspection",
    "Light",
    "LocatedBy",
    "PauseCause",
    "Photo",
    "PhotoStage",
    "RedAction",
    "Sight",
    "Source",
    "SpecialDay",
    "Subject",
    "TimeLimit",
    "TimeUnit",
    "Told",
    "Unannounced",
    "WorkPeriod",
    "YellowAction",
]
