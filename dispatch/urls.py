"""Addresses of what is done about incidents: desks, moves, orders, requests, the inbox."""

from django.urls import path, re_path

from dispatch.views import addresses, approvals, assignments, audiences, deliveries, desk, inbox, moves, supervision

app_name = "dispatch"

INCIDENT = r"^incidents/(?P<number>[0-9]{12,24})/"
NAME = r"(?P<name>[a-z_]{3,20})/$"

urlpatterns = [
    path("todo/", desk.todo, name="todo"),
    path("desk/<str:code>/", desk.desk, name="desk"),
    path("desk/<str:code>/moves/<str:name>/", desk.several, name="several"),
    re_path(INCIDENT + r"panel/$", moves.panel, name="panel"),
    re_path(INCIDENT + r"moves/" + NAME, moves.move, name="move"),
    re_path(INCIDENT + r"orders/(?P<order_id>[0-9]{1,18})/" + NAME, assignments.act, name="order_act"),
    re_path(INCIDENT + r"requests/(?P<request_id>[0-9]{1,18})/" + NAME, approvals.decide, name="decide"),
    re_path(INCIDENT + r"cards/(?P<card_id>[0-9]{1,18})/" + NAME, supervision.act, name="card_act"),
    path("supervision/", supervision.index, name="supervision"),
    path("inbox/", inbox.index, name="inbox"),
    path("inbox/unread/", inbox.unread, name="unread"),
    path("inbox/read/", inbox.read_all, name="read_all"),
    path("inbox/<int:pk>/", inbox.open_notice, name="notice"),
    path("notices/ways/", addresses.own, name="addresses"),
    path("notices/ways/<int:pk>/<slug:name>/", addresses.act, name="address_act"),
    path("notices/robots/", addresses.robots, name="robots"),
    path("notices/undelivered/", deliveries.index, name="deliveries"),
    path("notices/undelivered/replay/", deliveries.replay, name="replay"),
    path("notices/audience/", audiences.index, name="audience"),
    path("notices/audience/<slug:kind>/", audiences.edit, name="audience_edit"),
]
