"""Addresses of what maps and pages of places show of incidents."""

from django.urls import path

from incidents.views import marks

mark_urls = [
    path("incidents/marks.geojson", marks.marks, name="marks"),
    path("incidents/at/<str:code>/", marks.at_unit, name="at_unit"),
]
