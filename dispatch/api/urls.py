"""Addresses of what is done about incidents below `/api/v1/`."""

from django.urls import path

from dispatch.api.assignments import ActionList, AssignmentList, AssignmentOne
from dispatch.api.cards import CardActions, CardList, CardOne
from dispatch.api.inbox import Inbox, NoticeOne, ReadAll, ReadOne, Unread
from dispatch.api.moves import MoveList

urlpatterns = [
    path("incidents/<str:number>/moves/", MoveList.as_view(), name="moves"),
    path("assignments/", AssignmentList.as_view(), name="assignments"),
    path("assignments/<str:id>/", AssignmentOne.as_view(), name="assignment"),
    path("assignments/<str:id>/actions/", ActionList.as_view(), name="actions"),
    path("cards/", CardList.as_view(), name="cards"),
    path("cards/<str:id>/", CardOne.as_view(), name="card"),
    path("cards/<str:id>/actions/", CardActions.as_view(), name="card_actions"),
    path("inbox/", Inbox.as_view(), name="inbox"),
    path("inbox/unread/", Unread.as_view(), name="inbox_unread"),
    path("inbox/read/", ReadAll.as_view(), name="inbox_read"),
    path("inbox/<str:id>/", NoticeOne.as_view(), name="notice"),
    path("inbox/<str:id>/read/", ReadOne.as_view(), name="notice_read"),
]
