"""The page on which a unit ends, now or later: what would be left, whether it may, who follows; and what is planned."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import reforms
from grids import audit_list, hierarchy, planned_ends
from grids.forms import moment_field
from grids.models import EndState, Unit
from grids.requests import PersonRequest
from grids.views.posts import administered


class SuccessionForm(forms.Form):
    """Who follows a unit: the first takes its open work; nobody, if nothing is open."""

    heir = forms.ChoiceField(label=gettext_lazy("Successor"), required=False)
    others = forms.MultipleChoiceField(
        label=gettext_lazy("Further successors, of a unit that is split"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=gettext_lazy("They see what it did; open work goes to the first one alone."),
    )
    people_follow = forms.BooleanField(
        label=gettext_lazy("Its people go on at the successor, each in the same duty"), required=False, initial=True
    )

    at = moment_field(
        gettext_lazy("Ends"),
        required=False,
        help_text=gettext_lazy("Empty: now. A later moment may be set in advance."),
    )

    def __init__(self, *args: Any, heirs: list[Unit], must: bool, later: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        if later:
            self.fields["at"].required = True
            self.fields["at"].help_text = _("What stands against it must be out of the way by then.")
        self.heirs = {unit.pk: unit for unit in heirs}
        choices = [(unit.pk, f"{unit.name} · {unit.parent.label if unit.parent else unit.pk}") for unit in heirs]
        none = [] if must else [("", _("nobody: the unit just ends"))]
        self.fields["heir"].choices = none + choices  # type: ignore[attr-defined]
        self.fields["heir"].required = must
        if len(choices) > 1:
            self.fields["others"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["others"]
        if not choices:
            del self.fields["heir"], self.fields["people_follow"]

    def chosen(self) -> list[Unit]:
        """The successors, the one that takes the work first, each once."""
        given = self.cleaned_data
        codes = dict.fromkeys([given.get("heir", ""), *given.get("others", [])])
        return [self.heirs[code] for code in codes if code]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def end_unit(request: PersonRequest, code: str) -> HttpResponse:
    """Retire a unit, or let others follow it, now or later; says first what lies with it, and what forbids it."""
    now = timezone.now()
    unit = administered(request, code, now).unit
    left = reforms.survey(unit, now=now)
    heirs = hierarchy.heirs_possible(unit)
    form = SuccessionForm(request.POST or None, heirs=heirs, must=bool(left.work), later=bool(left.reasons))
    if request.method == "POST" and form.is_valid():
        try:
            said, onto = _end(request, unit, form, now)
        except ValidationError as refusal:
            for error in refusal.error_list:
                form.add_error("at" if error.code == "end_past" else None, error)
        else:
            messages.success(request, said)
            return redirect("grids:unit", onto.pk)
    coming = planned_ends.planned_for(unit)
    context = {
        "title": _("End %(unit)s") % {"unit": unit.name},
        "unit": unit,
        "left": left,
        "codes": {error.code for error in left.reasons},
        "form": form,
        "heirs": heirs,
        "coming": coming,
        "coming_heirs": planned_ends.heirs_of(coming) if coming else [],
        "failed": None if coming else planned_ends.failed_of(unit),
        "now": now,
    }
    return render(request, "governance/unit_end.html", context, status=422 if form.is_bound else 200)


def _end(request: PersonRequest, unit: Unit, form: SuccessionForm, now: datetime) -> tuple[str, Unit]:
    """What was done, in words, and the unit to go on at. Raises ValidationError."""
    chosen, at = form.chosen(), form.cleaned_data["at"]
    follow = form.cleaned_data.get("people_follow", False)
    if at is not None:
        planned_ends.plan(unit=unit, heirs=chosen, at=at, actor=request.user, now=now, people_follow=follow)
        return _("The end of %(unit)s is planned.") % {"unit": unit.name}, unit
    if not chosen:
        reforms.retire(unit=unit, actor=request.user, now=now)
        return _("%(unit)s is retired.") % {"unit": unit.name}, unit
    moved = reforms.succeed(old=unit, heirs=chosen, actor=request.user, now=now, people_follow=follow)
    said = {"old": unit.name, "new": chosen[0].name, "count": moved}
    return _("%(new)s carries on the work of %(old)s; %(count)d incidents went over.") % said, chosen[0]


@require_POST
@login_required
def call_off(request: PersonRequest, code: str) -> HttpResponse:
    """The planned end of a unit will not come."""
    now = timezone.now()
    unit = administered(request, code, now).unit
    if planned_ends.call_off(unit=unit, actor=request.user, now=now):
        messages.success(request, _("The end of %(unit)s is called off.") % {"unit": unit.name})
    else:
        messages.info(request, _("No end is planned for %(unit)s any more.") % {"unit": unit.name})
    return redirect("governance:unit_end", unit.pk)


@require_safe
@login_required
def planned(request: PersonRequest) -> HttpResponse:
    """The ends that are planned in the units one administers or audits, and what became of the latest."""
    now = timezone.now()
    codes = audit_list.read_by(request.user, now=now)
    if not codes:
        raise Http404
    ends = planned_ends.under(codes)
    settled = ends.exclude(state=EndState.PLANNED).order_by("-settled_at")
    context = {
        "title": _("Planned ends of units"),
        "groups": [
            (_("To come"), ends.filter(state=EndState.PLANNED)),
            (_("Settled"), settled[: planned_ends.SETTLED_MOST]),
        ],
        "now": now,
    }
    return render(request, "governance/planned_ends.html", context)
