"""Addresses of places and people below `/api/v1/`."""

from django.urls import path

from grids.api.units import UnitAtPosition, UnitBoundary, UnitList, UnitOne

urlpatterns = [
    path("units/", UnitList.as_view(), name="units"),
    path("units/at/", UnitAtPosition.as_view(), name="unit_at"),
    path("units/<str:code>/", UnitOne.as_view(), name="unit"),
    path("units/<str:code>/boundary/", UnitBoundary.as_view(), name="unit_boundary"),
]
