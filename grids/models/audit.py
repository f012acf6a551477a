"""Who changed what: one row per change of a watched table, and one per sign-in. Rows are added and never change."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from grids.levels import CODE_MAX_LENGTH
from grids.models.people import Person


class ClockTime(Func):
    """The database's clock at the very moment, not at the beginning of the transaction."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


class TransactionId(Func):
    """What all changes of one transaction have in common."""

    function = "txid_current"
    template = "%(function)s()"
    output_field = models.BigIntegerField()


class AuditAct(models.TextChoices):
    CREATED = "created", _("created")
    CHANGED = "changed", _("changed")
    DELETED = "deleted", _("deleted")
    SIGNED_IN = "signed_in", _("signed in")
    SIGNED_OUT = "signed_out", _("signed out")
    IDLED_OUT = "idled_out", _("signed out for idleness")
    REFUSED = "refused", _("sign-in refused")
    LOCKED = "locked", _("locked after failures")
    UNLOCKED = "unlocked", _("unlocked")
    EXPORTED = "exported", _("exported")


class AuditEntry(models.Model):
    """One change, written by a trigger of the database (`grids_audit`), or one sign-in, written by `grids.audit`.

    `kind` is the table and `object_id` the key of what changed; `unit` and `person` say whose it is, so that
    administrators of that unit may read it. `before` and `after` hold the columns that differ. `system` names a
    program where no person acted.
    """

    at = models.DateTimeField(_("at"), db_default=ClockTime())
    press = models.BigIntegerField(_("transaction"), db_default=TransactionId())
    actor = models.ForeignKey(
        Person, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+",
        verbose_name=_("actor"),
    )  # fmt: skip
    system = models.CharField(_("program"), max_length=80, blank=True, db_default="")
    address = models.GenericIPAddressField(_("network address"), null=True)
    act = models.CharField(_("act"), max_length=12, choices=AuditAct)
    kind = models.CharField(_("kind of object"), max_length=40)
    object_id = models.CharField(_("object"), max_length=60, db_default="")
    unit = models.CharField(_("unit"), max_length=CODE_MAX_LENGTH, db_collation="C", db_default="")
    person = models.BigIntegerField(_("person"), null=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["unit", "id"], name="audit_unit"),
            models.Index(fields=["actor", "id"], name="audit_actor", condition=Q(actor__isnull=False)),
            models.Index(fields=["person", "id"], name="audit_person", condition=Q(person__isnull=False)),
            models.Index(fields=["kind", "object_id", "id"], name="audit_object"),
            BrinIndex(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.kind} {self.object_id}"


class PasswordHistory(models.Model):
    """The hash of a password a person had, so that it is not taken again at once."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name=_("person"))
    password = models.CharField(_("password"), max_length=128)
    set_at = models.DateTimeField(_("set at"))

    class Meta:
        verbose_name = _("former password")
        verbose_name_plural = _("former passwords")
        ordering: ClassVar[list[str]] = ["-set_at", "-id"]
