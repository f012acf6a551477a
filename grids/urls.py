"""Addresses of places and the people who serve them."""

from django.urls import path

from grids.views import audit, forces, people, posts, unit_acts, units
from grids.views.map import boundaries, card, one_map
from grids.views.tiles import tile

app_name = "grids"

urlpatterns = [
    path("units/", units.browse, name="units"),
    path("units/mine/", units.my_grid, name="my_grid"),
    path("units/<str:code>/", units.unit, name="unit"),
    path("units/<str:code>/new/", unit_acts.new, name="unit_new"),
    path("units/<str:code>/edit/", unit_acts.edit, name="unit_edit"),
    path("units/<str:code>/below/", units.below, name="below"),
    path("units/<str:code>/ended/", units.ended, name="ended_posts"),
    path("units/<str:code>/card/", card, name="unit_card"),
    path("units/<str:code>/people/", people.below, name="people"),
    path("units/<str:code>/people/new/", people.new, name="person_new"),
    path("units/<str:code>/posts/new/", posts.appoint, name="appoint"),
    path("units/<str:code>/posts/candidates/", posts.candidates, name="candidates"),
    path("units/<str:code>/forces/", forces.ledger, name="forces"),
    path("units/<str:code>/forces/new/", forces.enlist, name="force_new"),
    path("units/<str:code>/routines/new/", forces.plan_routine, name="routine_new"),
    path("forces/<int:pk>/end/", forces.dismiss, name="force_end"),
    path("routines/<int:pk>/end/", forces.end_routine, name="routine_end"),
    path("posts/<int:pk>/relieve/", posts.relieve, name="relieve"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/password/", people.password, name="person_password"),
    path("people/<int:pk>/close/", people.close, name="person_close"),
    path("people/<int:pk>/reopen/", people.reopen, name="person_reopen"),
    path("people/<int:pk>/unlock/", people.unlock, name="person_unlock"),
    path("people/<int:pk>/edit/", people.particulars, name="person_edit"),
    path("people/<int:pk>/grid/", posts.change_grid, name="change_grid"),
    path("audit/", audit.entries, name="audit"),
    path("audit/export/", audit.export, name="audit_export"),
    path("map/", one_map, name="map"),
    path("map/tiles/<str:scope>/<slug:revision>/<int:zoom>/<int:column>/<int:row>.mvt", tile, name="tile"),
    path("map/boundaries.geojson", boundaries, name="boundaries"),
]
