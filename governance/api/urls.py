"""All addresses below `/api/v1/`."""

from django.urls import include, path, re_path

from governance.api import docs, login, me

urlpatterns = [
    path("", docs.Root.as_view(), name="root"),
    path("login/", login.Login.as_view(), name="login"),
    path("logout/", login.Logout.as_view(), name="logout"),
    path("tokens/", login.TokenList.as_view(), name="tokens"),
    path("tokens/<str:id>/", login.TokenOne.as_view(), name="token"),
    path("me/", me.MeOne.as_view(), name="me"),
    path("problems/", docs.ProblemList.as_view(), name="problems"),
    path("problems/<str:name>/", docs.ProblemOne.as_view(), name="problem"),
    path("schema/", docs.SchemaFile.as_view(), name="schema"),
    path("docs/", docs.page, name="docs"),
    path("", include("grids.api.urls")),
    path("", include("incidents.api.urls")),
    path("", include("dispatch.api.urls")),
    re_path(r"^.*$", docs.Nowhere.as_view(), name="nowhere"),
]
