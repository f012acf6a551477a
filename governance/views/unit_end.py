"""The page on which a unit ends: what would be left, whether it may, and who follows."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import reforms
from grids import hierarchy
from grids.models import Unit
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

    def __init__(self, *args: Any, heirs: list[Unit], must: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        self.heirs = {unit.pk: unit for unit in heirs}
        choices = [(unit.pk, f"{unit.name} · {unit.parent.label if unit.parent else unit.pk}") for unit in heirs]
        none = [] if must else [("", _("nobody: the unit just ends"))]
        self.fields["heir"].choices = none + choices  # type: ignore[attr-defined]
        self.fields["heir"].required = must
        if len(choices) > 1:
            self.fields["others"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["others"]

    def chosen(self) -> list[Unit]:
        """The successors, the one that takes the work first, each once."""
        given = self.cleaned_data
        codes = dict.fromkeys([given["heir"], *given.get("others", [])])
        return [self.heirs[code] for code in codes if code]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def end_unit(request: PersonRequest, code: str) -> HttpResponse:
    """Retire a unit, or let others follow it; says first what lies with it and refuses with links to it."""
    now = timezone.now()
    unit = administered(request, code, now).unit
    left = reforms.survey(unit, now=now)
    heirs = [] if left.reasons else hierarchy.heirs_possible(unit)
    form = SuccessionForm(request.POST or None, heirs=heirs, must=bool(left.work))
    if request.method == "POST" and form.is_valid() and not left.reasons:
        chosen = form.chosen()
        try:
            if chosen:
                follow = form.cleaned_data["people_follow"]
                moved = reforms.succeed(old=unit, heirs=chosen, actor=request.user, now=now, people_follow=follow)
                said = {"old": unit.name, "new": chosen[0].name, "count": moved}
                messages.success(
                    request, _("%(new)s carries on the work of %(old)s; %(count)d incidents went over.") % said
                )
                return redirect("grids:unit", chosen[0].pk)
            reforms.retire(unit=unit, actor=request.user, now=now)
        except ValidationError as refusal:
            for error in refusal.error_list:
                form.add_error(None, error)
        else:
            messages.success(request, _("%(unit)s is retired.") % {"unit": unit.name})
            return redirect("grids:unit", unit.pk)
    context = {
        "title": _("End %(unit)s") % {"unit": unit.name},
        "unit": unit,
        "left": left,
        "codes": {error.code for error in left.reasons},
        "form": form,
        "heirs": heirs,
        "now": now,
    }
    return render(request, "governance/unit_end.html", context, status=422 if form.is_bound else 200)
