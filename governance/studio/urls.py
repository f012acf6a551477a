"""Addresses of the boundary studio, all below studio/."""

from django.urls import URLPattern, URLResolver, path

from governance.studio import api, compare, draw, files, ground, pages, plan_page, proposals, publication

app_name = "studio"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.plans, name="plans"),
    path("begin/", pages.begin, name="begin"),
    path("<int:pk>/", plan_page.plan, name="plan"),
    path("<int:pk>/settings/", plan_page.settings, name="settings"),
    path("<int:pk>/approve/", plan_page.approve, name="approve"),
    path("<int:pk>/take-back/", plan_page.take_back, name="take_back"),
    path("<int:pk>/discard/", plan_page.discard, name="discard"),
    path("<int:pk>/copy/", plan_page.copy, name="copy"),
    path("<int:pk>/preview/", publication.preview, name="preview"),
    path("<int:pk>/publish/", publication.publish, name="publish"),
    path("<int:pk>/schedule/", publication.schedule, name="schedule"),
    path("<int:pk>/roll-back/", publication.roll_back, name="roll_back"),
    # -- proposals ---------------------------------------------------------------------------------------
    path("<int:pk>/proposals/", proposals.page, name="proposals"),
    path("<int:pk>/proposals/cards/", proposals.cards, name="proposal_cards"),
    path("<int:pk>/proposals/take/", proposals.take, name="proposal_take"),
    path("<int:pk>/proposals/remove/", proposals.remove, name="proposal_remove"),
    path("<int:pk>/compare/", compare.compare, name="compare"),
    path("<int:pk>/compare.json", compare.areas, name="compare_areas"),
    # -- the drawing page and what its scripts ask ------------------------------------------------------
    path("<int:pk>/draw/", draw.draw, name="draw"),
    path("<int:pk>/today.json", draw.today, name="today"),
    path("<int:pk>/state.json", api.state, name="state"),
    path("<int:pk>/standing.json", api.standing, name="standing"),
    path("<int:pk>/operations/", api.operate, name="operate"),
    path("<int:pk>/faults.json", api.faults, name="faults"),
    path("<int:pk>/balance.json", api.balance_table, name="balance"),
    path("<int:pk>/log.json", api.log, name="log"),
    path("<int:pk>/ground.json", ground.ground, name="ground"),
    path("<int:pk>/cells.json", ground.cells, name="cells"),
    path("<int:pk>/officers.json", api.officers, name="officers"),
    path("<int:pk>/hold/", api.hold, name="hold"),
    path("<int:pk>/release/", api.release, name="release"),
    path("<int:pk>/prove/", api.prove, name="prove"),
    # -- map files ---------------------------------------------------------------------------------------
    path("import/", files.send, name="import"),
    path("import/<slug:key>/", files.preview, name="import_preview"),
    path("import/<slug:key>/drop/", files.drop, name="import_drop"),
    path("export/", files.export, name="export_published"),
    path("<int:pk>/export/", files.export_plan, name="export"),
]
