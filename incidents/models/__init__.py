from incidents.models.calendar import Calendar, CalendarVersion, DayKind, SpecialDay, WorkPeriod
from incidents.models.categories import Category, IncidentKind
from incidents.models.clocks import Clock, ClockState, Light, PauseCause, RedAction, Subject, TimeLimit, TimeUnit
from incidents.models.events import IncidentEvent, Unannounced
from incidents.models.imports import ImportBatch, ImportedRecord
from incidents.models.incident import CAME_BACK, Handler, Incident, Inspection, LocatedBy, Sight, Source
from incidents.models.photos import Photo, PhotoStage

__all__ = [
    "CAME_BACK",
    "Calendar",
    "CalendarVersion",
    "Category",
    "Clock",
    "ClockState",
    "DayKind",
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
    "Unannounced",
    "WorkPeriod",
]
