"""Addresses of incidents: what officers use, then lists and the incident's own page."""

from incidents.field_urls import field_urls
from incidents.list_urls import list_urls
from incidents.mark_urls import mark_urls

app_name = "incidents"

urlpatterns = [*mark_urls, *field_urls, *list_urls]
