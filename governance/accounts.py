"""Signing in, one's own password and language."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone, translation
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation.trans_real import language_code_re
from django.views.i18n import set_language
from django_htmx.http import HttpResponseClientRedirect

from governance import captchas, passwords, sessions
from governance.passwords import OwnPasswordForm
from grids import passwords as ages
from grids.models import Person


class SignInForm(AuthenticationForm):
    """One sentence for every way of being refused: who has an account is nobody's business.

    After some failures the signs of a picture are asked for as well; without them no password is looked at.
    """

    error_messages = {
        "invalid_login": gettext_lazy("The user name or the password is not right."),
        "inactive": gettext_lazy("The user name or the password is not right."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.ask_for_signs()

    def ask_for_signs(self) -> None:
        """Add the picture where it is wanted by now."""
        if "signs" not in self.fields and captchas.is_wanted(self.request, str(self.data.get("username", ""))):
            self.fields["signs"] = captchas.Signs()

    @cached_property
    def picture(self) -> str:
        """The key of a picture nobody has read yet, for the page."""
        return captchas.new_picture()

    def clean_signs(self) -> str:
        """The signs, if they are those of the picture that was shown."""
        typed: str = self.cleaned_data["signs"]
        if not captchas.is_read(str(self.data.get("picture", "")), typed):
            raise forms.ValidationError(captchas.WRONG, code="wrong")
        return typed

    def clean(self) -> dict[str, Any]:
        if self.has_error("signs"):
            return self.cleaned_data
        try:
            return super().clean()
        except forms.ValidationError:
            if getattr(self.request, "axes_locked_out", False):
                # Names without an account are locked alike, so this tells nothing either.
                raise self._locked_error() from None
            raise self.get_invalid_login_error() from None

    def _locked_error(self) -> forms.ValidationError:
        words = _(
            "Too many failed attempts: locked for %(minutes)d minutes. An administrator of your unit can unlock it."
        )
        return forms.ValidationError(words % {"minutes": settings.AUTH_LOCK_MINUTES}, code="locked")


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
        person: Any = form.get_user()
        if person.language in dict(settings.LANGUAGES):
            remember_language(response, person.language)
        words = passwords.notice(person, now=timezone.now())
        if words and not person.must_change_password:
            messages.warning(self.request, words)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        # The failure that has just been counted may be the one after which a picture is shown.
        form.ask_for_signs()  # type: ignore[attr-defined]
        response = super().form_invalid(form)
        if form.has_error("__all__", "locked"):
            response.status_code = 429
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reason = sessions.REASONS.get(self.request.GET.get("why", ""), "")
        return super().get_context_data(reason=reason, failures=settings.AXES_FAILURE_LIMIT, **kwargs)


class ChangePassword(views.PasswordChangeView):
    """A new password; a given first one loses its mark here and nowhere else."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("landing")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(forced=why_forced(self.request.user), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        # The person's row first, so that two windows cannot choose past each other's history.
        with transaction.atomic():
            Person.objects.select_for_update(no_key=True).get(pk=form.user.pk)
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


def why_forced(person: Any) -> str:
    """Why the person must choose a password before anything else: "given", "expired" or ""."""
    if not isinstance(person, Person):
        return ""
    if person.must_change_password:
        return "given"
    return "expired" if ages.is_expired(person, now=timezone.now()) else ""


class FirstPassword:
    """Middleware: whoever has a password given by somebody else, or one too old, changes it before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        if not (person.is_authenticated and why_forced(person)):
            return self.get_response(request)
        request.password_is_due = True  # type: ignore[attr-defined]
        if request.path.startswith("/api/"):
            # Programs are told in their own shape.
            return self.get_response(request)
        target = reverse("password_change")
        if request.path in (target, reverse("logout"), reverse("set_language"), reverse("governance:health")):
            return self.get_response(request)
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(target)
        return redirect(target)


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The administration has no door of its own: one sign-in, with its limits, for everything."""
    return redirect_to_login(request.GET.get("next", reverse("admin:index")))
