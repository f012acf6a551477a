"""Addresses of incidents below `/api/v1/`."""

from django.urls import path

from incidents.api.incidents import IncidentList, IncidentOne

urlpatterns = [
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<str:number>/", IncidentOne.as_view(), name="incident"),
]
