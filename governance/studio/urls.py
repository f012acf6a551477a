"""Addresses of the boundary studio, all below studio/."""

from django.urls import URLPattern, URLResolver

app_name = "studio"

urlpatterns: list[URLPattern | URLResolver] = []
