"""All addresses: our own pages here, each app's below its own name."""

from importlib.util import find_spec

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from governance import health

own = [
    path("healthz", health.healthz, name="health"),
]

urlpatterns = [
    path("", include((own, "governance"))),
    path("", include("django.conf.urls.i18n")),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
urlpatterns += [path("", include(f"{app}.urls")) for app in ("grids", "incidents", "dispatch") if find_spec(f"{app}.urls")]
