"""What an incident is about, as a two- or three-level tree of codes."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class IncidentKind(models.TextChoices):
    INCIDENT = "incident", _("Incident")
    APPEAL = "appeal", _("Appeal")
    CONSULTATION = "consultation", _("Consultation")
    SERVICE = "service", _("Proxy service")


class Category(models.Model):
    """One entry of a category list; ``district`` null is the list every district starts with.

    ``standard_ref`` names the dictionary the code comes from, so that two dictionaries can stand side by side.
    """

    code = models.CharField(_("code"), max_length=24)
    standard_ref = models.CharField(_("dictionary"), max_length=40)
    district = models.ForeignKey("grids.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    kind = models.CharField(_("kind"), max_length=16, choices=IncidentKind.choices, default=IncidentKind.INCIDENT)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=80, blank=True)
    keywords = models.CharField(_("search words"), max_length=200, blank=True)
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_utility = models.BooleanField(_("water, power, gas or heating"), default=False)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        ordering = ["position", "code"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(
                fields=["standard_ref", "kind", "code", "district"],
                nulls_distinct=False,
                name="category_code_once",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language; the Chinese name where no English one is known."""
        if (get_language() or "").startswith("en") and self.name_en:
            return self.name_en
        return self.name
