"""Addresses of places and people below `/api/v1/`."""

urlpatterns: list[object] = []
