"""Signing in, one's own password and language."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation.trans_real import language_code_re
from django.views.i18n import set_language
from django_htmx.http import HttpResponseClientRedirect


class SignInForm(AuthenticationForm):
    """One sentence for every way of being refused: who has an account is nobody's business."""

    error_messages = {
        "invalid_login": gettext_lazy("The user name or the password is not right."),
        "inactive": gettext_lazy("The user name or the password is not right."),
    }

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except forms.ValidationError:
            raise self.get_invalid_login_error() from None


def remember_language(response: HttpResponseBase, language: str) -> None:
    """Put the chosen language into the browser, by the same cookie Django's own switch writes."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )


class SignIn(views.LoginView):
    """Signing in brings the person's own language along."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        language = getattr(form.get_user(), "language", "")
        if language in dict(settings.LANGUAGES):
            remember_language(response, language)
        return response


class ChangePassword(views.PasswordChangeView):
    """A new password; a given first one loses its mark here and nowhere else."""

    success_url = reverse_lazy("landing")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(forced=getattr(self.request.user, "must_change_password", False), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        form.user.must_change_password = False
        response = super().form_valid(form)
        messages.success(self.request, _("Your new password holds from now on."))
        return response


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language and stay on the page; a person's choice is kept for their next sign-in."""
    response = set_language(request)
    language = request.POST.get("language", "")
    person = request.user
    if request.method == "POST" and person.is_authenticated and language in dict(settings.LANGUAGES):
        person.language = language
        person.save(update_fields=["language"])
    return response


class ChosenLanguage:
    """Middleware: the language somebody chose, else the site's own.

    The browser's wishes are not asked: a borrowed notebook must not turn a Chinese site into English.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = language_code_re.match(wanted) and wanted in dict(settings.LANGUAGES)
        language = wanted if known else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class FirstPassword:
    """Middleware: whoever still has a password given by somebody else changes it before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        if not (person.is_authenticated and getattr(person, "must_change_password", False)):
            return self.get_response(request)
        target = reverse("password_change")
        if request.path in (target, reverse("logout"), reverse("set_language"), reverse("governance:health")):
            return self.get_response(request)
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(target)
        return redirect(target)
