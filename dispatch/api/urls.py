"""Addresses of what is done about incidents below `/api/v1/`."""

from django.urls import path

from dispatch.api.moves import MoveList

urlpatterns = [
    path("incidents/<str:number>/moves/", MoveList.as_view(), name="moves"),
]
