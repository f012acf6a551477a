"""All addresses: our own pages here, each app's below its own name."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from governance import accounts, basemaps, captchas, frame, health, landing, styleguide
from governance.api.docs import Nowhere
from governance.views import (
    administration,
    by_grid,
    calendar,
    calendar_change,
    dashboard,
    unit_end,
    wall,
    wall_keys,
    watch,
)

own = [
    path("healthz", health.healthz, name="health"),
    path("frame/badges/", frame.badges, name="badges"),
    path("administration/", administration.overview, name="administration"),
    path("administration/limits/", administration.limits, name="limits"),
    path("administration/calendar/", calendar.year, name="calendar"),
    path("administration/calendar/own/", calendar_change.begin_own, name="calendar_own"),
    path("administration/calendar/<int:calendar_id>/join/", calendar_change.join, name="calendar_join"),
    path("administration/calendar/<int:calendar_id>/change/", calendar_change.change, name="calendar_change"),
    path("administration/calendar/<int:calendar_id>/effect/", calendar_change.effect, name="calendar_effect"),
    path("administration/calendar/<int:calendar_id>/apply/", calendar_change.apply, name="calendar_apply"),
    path("administration/calendar/<int:calendar_id>/count/", calendar_change.count, name="calendar_count"),
    path("administration/calendar/<int:calendar_id>/abandon/", calendar_change.abandon, name="calendar_abandon"),
    path("administration/accounts/", administration.accounts_page, name="accounts"),
    path("administration/accounts/unlock/", administration.unlock, name="unlock"),
    path("administration/tokens/<str:key>/end/", administration.end_token, name="end_token"),
    path("units/<str:code>/end/", unit_end.end_unit, name="unit_end"),
    path("units/<str:code>/end/call-off/", unit_end.call_off, name="unit_end_call_off"),
    path("administration/ends/", unit_end.planned, name="planned_ends"),
    path("dashboard/", dashboard.overview, name="dashboard"),
    path("dashboard/grids/", by_grid.page, name="by_grid"),
    path("watch/", watch.state_of_the_house, name="watch"),
    path("basemap/tianditu/<slug:layer>/<int:zoom>/<int:column>/<int:row>", basemaps.tianditu, name="tianditu"),
    path("basemap/file.pmtiles", basemaps.archive, name="basemap_file"),
    path("wall/", wall.signed_in, name="wall"),
    path("wall/areas.geojson", wall.own_areas, name="wall_areas"),
    path("wall/keys/", wall_keys.wall_keys, name="wall_keys"),
    path("wall/keys/<int:key_id>/revoke/", wall_keys.revoke, name="wall_key_revoke"),
    path("wall/k/<str:secret>/", wall.by_key, name="wall_by_key"),
    path("wall/k/<str:secret>/areas.geojson", wall.areas_by_key, name="wall_areas_by_key"),
]

handler400 = "governance.api.outside.bad_request"
handler500 = "governance.api.outside.server_error"
urlpatterns = [
    path("", landing.landing, name="landing"),
    path("", include((own, "governance"))),
    path("language/", accounts.choose_language, name="set_language"),
    path("login/", accounts.SignIn.as_view(), name="login"),
    path("login/picture/<slug:key>/", captchas.picture, name="signs"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", accounts.ChangePassword.as_view(), name="password_change"),
    path("admin/login/", accounts.admin_sign_in),
    path("admin/", admin.site.urls),
    path("api/v1/", include(("governance.api.urls", "api"))),
    re_path(r"^api/.*$", Nowhere.as_view(), name="no_api"),
    path("studio/", include("governance.studio.urls")),
]
for app in ("grids", "incidents", "dispatch"):
    if find_spec(f"{app}.urls"):
        urlpatterns.append(path("", include(f"{app}.urls")))
if settings.DEBUG:
    urlpatterns += styleguide.urlpatterns
