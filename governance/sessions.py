"""How long somebody stays signed in: an idle limit, an absolute one, and one session alone where that is wanted.

The session keeps when it began and when the person last did something. Pages that refresh themselves do not count as
doing something; a session is written at most once a minute.
"""

import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import audit, permissions, wire
from grids.duties import Right
from grids.lockouts import KIND
from grids.models import AuditAct, Person

BEGAN, SEEN, IDLE, MARK = "_began", "_seen", "_idle", "_mark"
_WRITE_SECONDS = 60
# Asked by every page every half minute, also by one that was open before the script learnt to say so.
BADGES = "/frame/badges/"
# Why somebody finds the sign-in page; the words stand there.
REASONS = {
    "idle": gettext_lazy("You were signed out because nothing was done for a while. Sign in to go on where you were."),
    "long": gettext_lazy("You have been signed in for very long. Sign in again to go on where you were."),
    "elsewhere": gettext_lazy("Your account signed in somewhere else, so this session has ended."),
}


def began(sender: Any, request: HttpRequest, user: Person, **_named: Any) -> None:
    """Signing in: the limits of this session, and the entry in the audit list."""
    now = int(time.time())
    request.session[BEGAN] = request.session[SEEN] = now
    request.session[IDLE] = settings.IDLE_MINUTES * 60
    if _keeps_the_house(user):
        request.session[IDLE] = min(settings.IDLE_MINUTES, settings.ADMIN_IDLE_MINUTES) * 60
    if settings.SINGLE_SESSION:
        user.session_mark = request.session[MARK] = secrets.token_hex(16)
        Person.objects.filter(pk=user.pk).update(session_mark=user.session_mark)
        wire.people_changed([user.pk])
    _note(AuditAct.SIGNED_IN, request, user)


def ended(sender: Any, request: HttpRequest, user: Person | None, **_named: Any) -> None:
    """Signing out, by one's own press or by a limit."""
    if user is not None:
        _note(getattr(request, "audit_act", AuditAct.SIGNED_OUT), request, user)
        wire.people_changed([user.pk])


def connect() -> None:
    """Listen to Django's own word of who signs in and out, by whatever door."""
    user_logged_in.connect(began, dispatch_uid="wangge-session-began")
    user_logged_out.connect(ended, dispatch_uid="wangge-session-ended")


def _note(act: AuditAct, request: HttpRequest, person: Person) -> None:
    audit.note(act=act, kind=KIND, object_id=str(person.pk), person=person.pk, actor=person,
               address=audit.address_of(request))  # fmt: skip


def _keeps_the_house(person: Person) -> bool:
    """Whether the shorter limit holds: an open screen of who administers anything is worth more."""
    if person.is_staff or person.is_superuser:
        return True
    return bool(permissions.units_with_right(person, Right.ADMINISTER, now=timezone.now()))


class SessionLimits:
    """Middleware: ends a session that is idle, too long or replaced, and leads back to where the person was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            reason = self._over(request)
            if reason:
                request.audit_act = AuditAct.SIGNED_OUT if reason == "elsewhere" else AuditAct.IDLED_OUT  # type: ignore[attr-defined]
                logout(request)
                if not _is_program(request):
                    return _signed_out(request, reason)
        response = self.get_response(request)
        # A fragment must not swap the sign-in page into the page of somebody who signed out elsewhere.
        if getattr(request, "htmx", False) and _leads_to_sign_in(response):
            return _signed_out(request, "")
        return response

    def _over(self, request: HttpRequest) -> str:
        """Why the session ends now, or ""; notes that the person did something."""
        session, now = request.session, int(time.time())
        if BEGAN not in session:
            # Begun by an older version.
            session[BEGAN] = session[SEEN] = now
        reason = why_over(session, request.user, now=now)
        if reason:
            return reason
        idle = now - session.get(SEEN, now)
        if not is_quiet(request) and (idle >= _WRITE_SECONDS or SEEN not in session):
            session[SEEN] = now
        return ""


def why_over(session: Any, person: Any, *, now: int) -> str:
    """Why a session ends now, a key of `REASONS`, or ""; asking changes nothing in it."""
    if now - session.get(BEGAN, now) >= settings.SESSION_HOURS * 3600:
        return "long"
    if settings.SINGLE_SESSION and getattr(person, "session_mark", "") not in ("", session.get(MARK)):
        return "elsewhere"
    return "idle" if now >= _idle_end(session, now) else ""


def ends_at(session: Any, *, now: int) -> int:
    """When the session ends if nobody does anything more, in seconds since 1970."""
    return min(session.get(BEGAN, now) + settings.SESSION_HOURS * 3600, _idle_end(session, now))


def _idle_end(session: Any, now: int) -> int:
    end: int = session.get(SEEN, now) + session.get(IDLE, settings.IDLE_MINUTES * 60)
    return end


def is_quiet(request: HttpRequest) -> bool:
    """Whether a page asked by itself: nobody need sit before it."""
    return request.method in ("GET", "HEAD") and (
        "live" in request.GET or "X-Quiet" in request.headers or request.path == BADGES
    )


def _is_program(request: HttpRequest) -> bool:
    """The API answers for itself, in its own shape."""
    return request.path.startswith("/api/")


def _leads_to_sign_in(response: HttpResponse) -> bool:
    if response.status_code != 302:
        return False
    return urlsplit(response.headers.get("Location", "")).path == resolve_url(settings.LOGIN_URL)


def _signed_out(request: HttpRequest, reason: str) -> HttpResponse:
    """To the sign-in page and back; a fragment gets 401 and a word, so that what was typed stays on the page."""
    if getattr(request, "htmx", False):
        back = urlsplit(request.htmx.current_url or "/")  # type: ignore[attr-defined]
        response = HttpResponse(status=401)
        words = _("You are signed out. What you typed is still here: sign in in another tab, then press again.")
        response["HX-Trigger"] = json.dumps({"signedOut": {"text": words, "url": _sign_in_url(back, reason)}})
        return response
    if request.method in ("GET", "HEAD"):
        return redirect(_sign_in_url(urlsplit(request.get_full_path()), reason))
    referrer = urlsplit(request.headers.get("Referer", ""))
    same = referrer.netloc == request.get_host()
    return redirect(_sign_in_url(referrer if same else urlsplit("/"), reason))


def _sign_in_url(back: Any, reason: str) -> str:
    query = QueryDict(mutable=True)
    query["next"] = back.path + (f"?{back.query}" if back.query else "") or "/"
    if reason:
        query["why"] = reason
    return f"{resolve_url(settings.LOGIN_URL)}?{query.urlencode(safe='/')}"
