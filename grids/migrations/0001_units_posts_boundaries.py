# Units, people, posts, plans and boundaries with their constraints.

from decimal import Decimal

import django.contrib.auth.validators
import django.contrib.gis.db.models.fields
import django.contrib.gis.db.models.functions
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension, CreateExtension
from django.db import migrations, models

import grids.models.expressions


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        CreateExtension("postgis"),
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "This user name is taken."},
                        max_length=60,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="user name",
                    ),
                ),
                ("full_name", models.CharField(max_length=60, verbose_name="full name")),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="phone")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("is_staff", models.BooleanField(default=False, verbose_name="may open the administration")),
                ("is_demo", models.BooleanField(default=False, editable=False, verbose_name="demo account")),
                ("must_change_password", models.BooleanField(default=False, verbose_name="must change the password")),
                (
                    "rights_due_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="rights due at"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "ordering": ["username"],
            },
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                (
                    "code",
                    models.CharField(
                        db_collation="C", max_length=15, primary_key=True, serialize=False, verbose_name="code"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("province", "Province"),
                            ("city", "City"),
                            ("district", "District"),
                            ("town", "Town"),
                            ("village", "Village"),
                            ("grid", "Grid"),
                            ("department", "Department"),
                            ("office", "Town office"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("short_name", models.CharField(blank=True, max_length=30, verbose_name="short name")),
                (
                    "grid_kind",
                    models.CharField(
                        blank=True,
                        choices=[("comprehensive", "Comprehensive grid"), ("dedicated", "Dedicated grid")],
                        max_length=14,
                        verbose_name="grid kind",
                    ),
                ),
                (
                    "boundary_basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("streets", "Streets, traffic and shops"),
                            ("courtyards", "Courtyards, ridges and rivers"),
                            ("sites", "Industry, enterprises and sights"),
                        ],
                        max_length=12,
                        verbose_name="boundary basis",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="address")),
                ("duty_phone", models.CharField(blank=True, max_length=30, verbose_name="duty phone")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="retired at")),
                (
                    "duty_contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="duty contact",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="grids.unit",
                        verbose_name="parent unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "unit",
                "verbose_name_plural": "units",
                "ordering": ["code"],
                "permissions": [
                    ("report_here", "Report here"),
                    ("settle_here", "Settle on the spot here"),
                    ("handle_here", "Accept and hand on here"),
                    ("dispatch_here", "Dispatch from here"),
                    ("check_here", "Check and close here"),
                    ("grant_here", "Grant approvals here"),
                    ("take_here", "Take assignments here"),
                    ("inspect_here", "Inspect on site here"),
                    ("administer_here", "Administer here"),
                    ("audit_here", "Audit here"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Succession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "new",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="predecessions",
                        to="grids.unit",
                        verbose_name="new unit",
                    ),
                ),
                (
                    "old",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="successions",
                        to="grids.unit",
                        verbose_name="old unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "succession",
                "verbose_name_plural": "successions",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "duty",
                    models.CharField(
                        choices=[
                            ("officer", "Grid officer"),
                            ("assistant", "Assistant"),
                            ("supervisor", "Supervisor"),
                            ("clerk", "Clerk"),
                            ("dispatcher", "Dispatcher"),
                            ("checker", "Checker"),
                            ("duty_chief", "Duty chief"),
                            ("handler", "Handler"),
                            ("head", "Head"),
                            ("observer", "Observer"),
                            ("auditor", "Auditor"),
                            ("administrator", "Administrator"),
                        ],
                        max_length=14,
                        verbose_name="duty",
                    ),
                ),
                ("is_primary", models.BooleanField(default=False, verbose_name="primary")),
                ("origin", models.CharField(blank=True, max_length=100, verbose_name="seconded from")),
                ("period", django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name="period")),
                (
                    "district",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Left("unit", 6),
                        output_field=models.CharField(db_collation="C", max_length=6),
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="posts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="posts",
                        to="grids.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "post",
                "verbose_name_plural": "posts",
                "ordering": ["unit_id", "duty", "-is_primary", "id"],
            },
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("proven", "Proven"),
                            ("published", "Published"),
                            ("discarded", "Discarded"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("is_synthetic", models.BooleanField(default=False, verbose_name="synthetic")),
                (
                    "frame",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        blank=True, null=True, spatial_index=False, srid=4490, verbose_name="frame"
                    ),
                ),
                ("certificate", models.JSONField(blank=True, editable=False, null=True, verbose_name="certificate")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("published_at", models.DateTimeField(blank=True, null=True, verbose_name="published at")),
                ("effective_at", models.DateTimeField(blank=True, null=True, verbose_name="effective at")),
                (
                    "base",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grids.plan",
                        verbose_name="based on",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="grids.unit",
                        verbose_name="scope",
                    ),
                ),
            ],
            options={
                "verbose_name": "plan",
                "verbose_name_plural": "plans",
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="DistrictProfile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "officers_per_grid",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=1,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="officers per grid",
                    ),
                ),
                (
                    "supervisors_per_grid",
                    models.PositiveSmallIntegerField(
                        blank=True, default=1, null=True, verbose_name="supervisors per grid"
                    ),
                ),
                ("town_dispatch", models.BooleanField(default=True, verbose_name="towns dispatch")),
                (
                    "recheck_share",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("0.050"),
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(1),
                        ],
                        verbose_name="share of settled incidents drawn for a check",
                    ),
                ),
                (
                    "reopen_days",
                    models.PositiveSmallIntegerField(
                        default=30, verbose_name="days in which a closed incident may be reopened"
                    ),
                ),
                (
                    "suspension_days",
                    models.PositiveSmallIntegerField(default=90, verbose_name="longest suspension in days"),
                ),
                (
                    "district",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profile",
                        to="grids.unit",
                        verbose_name="district",
                    ),
                ),
            ],
            options={
                "verbose_name": "district profile",
                "verbose_name_plural": "district profiles",
            },
        ),
        migrations.CreateModel(
            name="Boundary",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("province", "Province"),
                            ("city", "City"),
                            ("district", "District"),
                            ("town", "Town"),
                            ("village", "Village"),
                            ("grid", "Grid"),
                            ("department", "Department"),
                            ("office", "Town office"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "geom",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        spatial_index=False, srid=4490, verbose_name="area"
                    ),
                ),
                (
                    "valid",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        blank=True, null=True, verbose_name="valid"
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="boundaries",
                        to="grids.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="boundaries",
                        to="grids.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "boundary",
                "verbose_name_plural": "boundaries",
                "ordering": ["unit_id", "id"],
            },
        ),
        migrations.CreateModel(
            name="UnitUserPermission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content_object", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="grids.unit")),
                ("permission", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.permission")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "right on a unit",
                "verbose_name_plural": "rights on units",
                "ordering": ["user_id", "content_object_id"],
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("rights_due_at__isnull", False)), fields=["rights_due_at"], name="person_rights_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(("full_name", ""), _negated=True),
                name="person_has_name",
                violation_error_message="A person has a name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "province"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{2}$"),
                        models.Q(("parent__isnull", True), ("parent__isnull", True), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="unit_province_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "city"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{4}$"),
                        models.Q(
                            grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{2}$")),
                            ("parent__isnull", True),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="unit_city_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "district"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{6}$"),
                        models.Q(
                            grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{4}$")),
                            ("parent__isnull", True),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="unit_district_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "town"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{9}$"),
                        grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{6}$")),
                        ("parent__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="unit_town_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "village"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{12}$"),
                        grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{9}$")),
                        ("parent__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="unit_village_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "grid"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{15}$"),
                        grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{12}$")),
                        ("parent__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="unit_grid_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "department"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{6}D[0-9A-Z]{2}([0-9A-Z]{2})?$"),
                        grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{6}(D[0-9A-Z]{2})?$")),
                        ("parent__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="unit_department_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "office"), _negated=True),
                    models.Q(
                        ("code__regex", "^[0-9]{9}D[0-9A-Z]{2}([0-9A-Z]{2})?$"),
                        grids.models.expressions.Matches(models.F("parent"), models.Value("^[0-9]{9}(D[0-9A-Z]{2})?$")),
                        ("parent__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="unit_office_code",
                violation_error_message="The code or the parent does not fit this kind of unit.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["province", "city", "district", "town", "village", "grid", "department", "office"])
                ),
                name="unit_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(("parent__isnull", True), ("code__startswith", models.F("parent")), _connector="OR"),
                name="unit_code_under_parent",
                violation_error_message="A unit's code begins with the code of its parent.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "grid"), models.Q(("grid_kind", ""), _negated=True)),
                    models.Q(models.Q(("kind", "grid"), _negated=True), ("grid_kind", "")),
                    _connector="OR",
                ),
                name="unit_grid_kind",
                violation_error_message="A grid has a grid kind, and only a grid has one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True),
                name="unit_has_name",
                violation_error_message="A unit has a name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("retired_at__isnull", True), ("retired_at__gte", models.F("created_at")), _connector="OR"
                ),
                name="unit_retired_after_created",
            ),
        ),
        migrations.AddConstraint(
            model_name="succession",
            constraint=models.UniqueConstraint(fields=("old", "new"), name="succession_once"),
        ),
        migrations.AddConstraint(
            model_name="succession",
            constraint=models.CheckConstraint(
                condition=models.Q(("old", models.F("new")), _negated=True), name="succession_of_another"
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["person", "duty"], name="post_person_duty"),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["unit", "duty"], name="post_unit_duty"),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("is_primary", True)),
                expressions=[("unit", "="), ("period", "&&")],
                name="post_one_primary_officer",
                violation_error_message="This grid already has a primary officer at that time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("duty__in", ["officer", "supervisor"])),
                expressions=[("unit", "="), ("person", "="), ("duty", "<>"), ("period", "&&")],
                name="post_officer_not_supervisor",
                violation_error_message="Nobody is officer and supervisor of the same grid.",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[("unit", "="), ("person", "="), ("duty", "="), ("period", "&&")],
                name="post_held_once",
                violation_error_message="This person already holds this post at that time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_primary", False), ("duty", "officer"), _connector="OR"),
                name="post_primary_is_officer",
                violation_error_message="Only an officer can be primary.",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("duty__in", ["officer", "assistant", "supervisor"]),
                        grids.models.expressions.Matches(models.F("unit"), models.Value("(^[0-9]{15}$)")),
                    ),
                    models.Q(
                        ("duty__in", ["clerk", "checker", "duty_chief"]),
                        grids.models.expressions.Matches(
                            models.F("unit"), models.Value("(^[0-9]{6}$)|(^[0-9]{9}$)|(^[0-9]{12}$)")
                        ),
                    ),
                    models.Q(
                        ("duty__in", ["dispatcher"]),
                        grids.models.expressions.Matches(models.F("unit"), models.Value("(^[0-9]{6}$)|(^[0-9]{9}$)")),
                    ),
                    models.Q(
                        ("duty__in", ["handler"]),
                        grids.models.expressions.Matches(
                            models.F("unit"),
                            models.Value(
                                "(^[0-9]{6}D[0-9A-Z]{2}([0-9A-Z]{2})?$)|(^[0-9]{9}D[0-9A-Z]{2}([0-9A-Z]{2})?$)"
                            ),
                        ),
                    ),
                    ("duty__in", ["head", "observer", "auditor"]),
                    models.Q(
                        ("duty__in", ["administrator"]),
                        grids.models.expressions.Matches(
                            models.F("unit"),
                            models.Value(
                                "(^[0-9]{4}$)|(^[0-9]{6}D[0-9A-Z]{2}([0-9A-Z]{2})?$)|(^[0-9]{6}$)|(^[0-9]{2}$)|(^[0-9]{9}$)|(^[0-9]{12}$)"
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="post_duty_fits_unit",
                violation_error_message="This kind of unit has no such duty.",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("period__isempty", True),
                    models.Q(("period__lower_inc", True), ("period__lower_inf", False)),
                    _connector="OR",
                ),
                name="post_period_has_start",
                violation_error_message="A post begins at a moment.",
            ),
        ),
        migrations.AddConstraint(
            model_name="post",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("period__isempty", True),
                    ("period__upper_inf", True),
                    ("period__upper_inc", False),
                    _connector="OR",
                ),
                name="post_period_half_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["proven", "published"]), _negated=True),
                    models.Q(("certificate__isnull", False), ("frame__isnull", False)),
                    _connector="OR",
                ),
                name="plan_proven_has_certificate",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "published"), _negated=True),
                    models.Q(("effective_at__isnull", False), ("published_at__isnull", False)),
                    _connector="OR",
                ),
                name="plan_published_has_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="districtprofile",
            constraint=models.UniqueConstraint(
                fields=("district",), name="profile_one_per_district", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="districtprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("recheck_share__gte", 0), ("recheck_share__lte", 1)),
                name="profile_share_is_a_share",
            ),
        ),
        migrations.AddIndex(
            model_name="boundary",
            index=django.contrib.postgres.indexes.GistIndex(
                condition=models.Q(("kind", "grid"), ("valid__isnull", False)),
                fields=["geom", "valid"],
                name="boundary_grid_place",
            ),
        ),
        migrations.AddIndex(
            model_name="boundary",
            index=django.contrib.postgres.indexes.GistIndex(
                condition=models.Q(("valid__isnull", False), models.Q(("kind", "grid"), _negated=True)),
                fields=["geom"],
                name="boundary_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="boundary",
            constraint=models.UniqueConstraint(fields=("plan", "unit"), name="boundary_once_per_plan"),
        ),
        migrations.AddConstraint(
            model_name="boundary",
            constraint=models.CheckConstraint(
                condition=models.Q(django.contrib.gis.db.models.functions.IsValid("geom")), name="boundary_geom_valid"
            ),
        ),
        migrations.AddConstraint(
            model_name="boundary",
            constraint=models.CheckConstraint(
                condition=models.Q(grids.models.expressions.OnLattice(models.F("geom"))), name="boundary_on_lattice"
            ),
        ),
        migrations.AddConstraint(
            model_name="boundary",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("valid__isnull", False)),
                expressions=[("unit", "="), ("valid", "&&")],
                name="boundary_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="boundary",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid__isnull", True),
                    models.Q(
                        ("valid__isempty", False),
                        ("valid__lower_inc", True),
                        ("valid__lower_inf", False),
                        ("valid__upper_inc", models.Value(False)),
                    ),
                    _connector="OR",
                ),
                name="boundary_valid_half_open",
            ),
        ),
        migrations.AlterUniqueTogether(
            name="unituserpermission",
            unique_together={("user", "permission", "content_object")},
        ),
    ]
