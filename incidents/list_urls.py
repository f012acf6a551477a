"""Addresses of the lists and of an incident's own page."""

from django.urls import URLPattern

list_urls: list[URLPattern] = []
