"""People, the posts they hold, and the rights those posts give them on units."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from grids.duties import KINDS_OF_DUTY, Duty
from grids.levels import CODE_PATTERNS, UnitKind
from grids.models.expressions import Matches
from grids.models.units import Unit


class PersonManager(BaseUserManager["Person"]):
    """Makes people with a hashed password."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        person = self.model(username=self.model.normalize_username(username), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        fields.setdefault("full_name", username)
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class Person(AbstractBaseUser, PermissionsMixin):
    """One account of one named human, whatever posts they hold."""

    username = models.CharField(
        _("user name"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("This user name is taken.")},
    )
    full_name = models.CharField(_("full name"), max_length=60)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may open the administration"), default=False)
    is_demo = models.BooleanField(_("demo account"), default=False, editable=False)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    # Empty: not since the account was made.
    password_set_at = models.DateTimeField(_("password set at"), null=True, blank=True, editable=False)
    # The one session that counts, where an installation allows one only.
    session_mark = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    # The next moment at which a post begins or ends, so that rights must be derived anew.
    rights_due_at = models.DateTimeField(_("rights due at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(full_name=""), name="person_has_name", violation_error_message=_("A person has a name.")
            ),
        ]
        indexes = [
            models.Index(fields=["rights_due_at"], name="person_rights_due", condition=Q(rights_due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name


def _patterns_of(kinds: Iterable[UnitKind]) -> str:
    return "|".join(f"({CODE_PATTERNS[kind]})" for kind in sorted(kinds))


def _duty_fits_unit() -> Q:
    """Each duty only at a unit of a kind that has it, read off the unit's code."""
    allowed = Q()
    by_kinds: dict[frozenset[UnitKind], list[Duty]] = {}
    for duty, kinds in KINDS_OF_DUTY.items():
        by_kinds.setdefault(kinds, []).append(duty)
    for kinds, duties in by_kinds.items():
        here = Q(duty__in=[duty.value for duty in duties])
        allowed |= here if kinds == frozenset(UnitKind) else here & Q(Matches(F("unit"), Value(_patterns_of(kinds))))
    return allowed


class Post(models.Model):
    """A person serves a unit in one duty from one moment until another. Ended, never deleted."""

    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="posts", db_index=False, verbose_name=_("unit")
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="posts", db_index=False, verbose_name=_("person")
    )
    duty = models.CharField(_("duty"), max_length=14, choices=Duty)
    is_primary = models.BooleanField(_("primary"), default=False)
    # Where a seconded person comes from.
    origin = models.CharField(_("seconded from"), max_length=100, blank=True)
    period = DateTimeRangeField(_("period"))
    district = models.GeneratedField(
        expression=Left("unit", 6), output_field=models.CharField(max_length=6, db_collation="C"), db_persist=True
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["unit_id", "duty", "-is_primary", "id"]
        constraints = [
            ExclusionConstraint(
                name="post_one_primary_officer",
                expressions=[("unit", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(is_primary=True),
                violation_error_message=_("This grid already has a primary officer at that time."),
            ),
            ExclusionConstraint(
                name="post_officer_not_supervisor",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    ("person", RangeOperators.EQUAL),
                    ("duty", RangeOperators.NOT_EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(duty__in=[Duty.OFFICER, Duty.SUPERVISOR]),
                violation_error_message=_("Nobody is officer and supervisor of the same grid."),
            ),
            ExclusionConstraint(
                name="post_held_once",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    ("person", RangeOperators.EQUAL),
                    ("duty", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This person already holds this post at that time."),
            ),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(duty=Duty.OFFICER),
                name="post_primary_is_officer",
                violation_error_message=_("Only an officer can be primary."),
            ),
            models.CheckConstraint(
                condition=_duty_fits_unit(),
                name="post_duty_fits_unit",
                violation_error_message=_("This kind of unit has no such duty."),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=True) | Q(period__lower_inf=False, period__lower_inc=True),
                name="post_period_has_start",
                violation_error_message=_("A post begins at a moment."),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=True) | Q(period__upper_inf=True) | Q(period__upper_inc=False),
                name="post_period_half_open",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "duty"], name="post_person_duty"),
            models.Index(fields=["unit", "duty"], name="post_unit_duty"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.duty} {self.unit_id}"


class UnitUserPermission(UserObjectPermissionBase):
    """guardian's grants on units with real foreign keys. Written by `posts.regrant` alone."""

    content_object = models.ForeignKey(Unit, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        verbose_name = _("right on a unit")
        verbose_name_plural = _("rights on units")
        unique_together = ["user", "permission", "content_object"]
        ordering = ["user_id", "content_object_id"]
