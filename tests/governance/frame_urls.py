"""A site in which every page the frame may point to is built, each as one plain sentence."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from governance import accounts, frame, landing, styleguide
from governance.urls import auth


@login_required
def page(request: HttpRequest, code: str = "") -> HttpResponse:
    return render(request, "base.html", {"title": f"page {code}"})


def area(name: str, *routes: str):
    patterns = []
    for route in routes:
        view, _, argument = route.partition(" ")
        patterns.append(path(f"{name}/{view}/{argument}", page, name=view))
    return path("", include((patterns, name)))


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("planted")


urlpatterns = [
    path("", landing.landing, name="landing"),
    path("frame/", include(([path("badges/", frame.badges, name="badges"), path("healthz", page, name="health"),
                             path("dashboard/", page, name="dashboard")], "governance"))),
    path("language/", accounts.choose_language, name="set_language"),
    path("login/", accounts.SignIn.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", accounts.ChangePassword.as_view(), name="password_change"),
    area("incidents", "list", "report", "mine"),
    area("dispatch", "todo", "inbox", "desk <str:code>/"),
    area("grids", "map", "unit <str:code>/"),
    path("broken/", broken),
    *styleguide.urlpatterns,
]  # fmt: skip
