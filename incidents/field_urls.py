"""Addresses of what an officer uses: report, today, mine, pictures."""

from django.urls import path

from incidents.views import field, photos, report, tasks

field_urls = [
    path("report/", report.report, name="report"),
    path("report/place/", report.locate, name="locate"),
    path("report/places/", report.find_places, name="places"),
    path("report/areas.geojson", report.areas, name="areas"),
    path("report/receipt/<slug:key>/", report.receipt, name="receipt"),
    path("report/sent/<str:number>/", report.sent, name="sent"),
    path("today/", field.today, name="today"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<int:pk>/walk/", tasks.walk, name="walk"),
    path("mine/", field.mine, name="mine"),
    path("incidents/<str:number>/photos/", photos.photos_of, name="photos"),
    path("incidents/<str:number>/photos/add/", photos.add_photo, name="add_photo"),
    path("photos/<uuid:token>/<str:size>", photos.photo, name="photo"),
]
