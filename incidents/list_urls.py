"""Addresses of the lists and of an incident's own page."""

from django.urls import path, re_path

from incidents.views import detail, export_requests, exports, lists

# Digits only, so that no other page below incidents/ is taken for a number.
NUMBER = r"^incidents/(?P<number>[0-9]{12,24})/"

list_urls = [
    path("incidents/", lists.index, name="list"),
    path("incidents/filter/", lists.narrow, name="filter"),
    path("incidents/export/", exports.export, name="export"),
    path("incidents/exports/", export_requests.index, name="exports"),
    path("incidents/exports/<int:wish_id>/decide/", export_requests.decide, name="export_decide"),
    path("incidents/exports/<int:wish_id>/take/", export_requests.take, name="export_take"),
    re_path(NUMBER + r"$", detail.detail, name="detail"),
    re_path(NUMBER + r"live/$", detail.live, name="live"),
    re_path(NUMBER + r"why/(?P<clock_id>[0-9]{1,18})/$", detail.why, name="why"),
    re_path(NUMBER + r"comments/$", detail.comment, name="comment"),
]
