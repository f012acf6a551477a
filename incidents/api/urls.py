"""Addresses of incidents below `/api/v1/`."""

from django.urls import path

from incidents.api.categories import CategoryList, CategoryOne
from incidents.api.history import History
from incidents.api.incidents import IncidentList, IncidentOne
from incidents.api.photos import PhotoFile, PhotoList

urlpatterns = [
    path("categories/", CategoryList.as_view(), name="categories"),
    path("categories/<str:key>/", CategoryOne.as_view(), name="category"),
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<str:number>/", IncidentOne.as_view(), name="incident"),
    path("incidents/<str:number>/history/", History.as_view(), name="history"),
    path("incidents/<str:number>/photos/", PhotoList.as_view(), name="photos"),
    path("photos/<uuid:token>/<str:size>/", PhotoFile.as_view(), name="photo"),
]
