"""Addresses of what an officer uses: report, today, mine, pictures."""

from django.urls import URLPattern

field_urls: list[URLPattern] = []
