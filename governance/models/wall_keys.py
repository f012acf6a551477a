"""The key by which a screen on a wall shows a unit's figures for weeks without anybody signed in."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WallKey(models.Model):
    """One screen's key. Only its digest is kept: the address it belongs to is shown once, when it is made.

    It shows what its maker may see of the unit, and only while the maker may make keys there.
    """

    unit = models.ForeignKey("grids.Unit", models.PROTECT, related_name="+", verbose_name=_("unit"))
    name = models.CharField(_("where the screen hangs"), max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey("grids.Person", models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("valid until"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        "grids.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("revoked by")
    )

    class Meta:
        verbose_name = _("wall key")
        verbose_name_plural = _("wall keys")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="wall_key_expires_after_made"
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="wall_key_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} · {self.name}"
