"""Ways out of the house, what is on its way there, and who is told of what; both kept in the audit list."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WATCH = """
select grids_audit_watch('dispatch_address', 'id', 'unit_id', 'person_id',
  'lane,coded_at,tries,set_at,set_by_id', 'sealed');
select grids_audit_watch('dispatch_audience', 'id', 'district_id', '', 'changed_at,changed_by_id', '');
"""
UNWATCH = """
select grids_audit_unwatch('dispatch_address');
select grids_audit_unwatch('dispatch_audience');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0005_cards"),
        ("grids", "0008_rights_to_urge"),
        ("incidents", "0009_calendar_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("lane", models.CharField(max_length=80, primary_key=True, serialize=False)),
                (
                    "taken",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), default=list, size=None
                    ),
                ),
                ("closed_until", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AlterField(
            model_name="notice",
            name="channel",
            field=models.CharField(
                choices=[
                    ("in_app", "Inbox"),
                    ("email", "E-mail"),
                    ("wecom", "WeCom robot"),
                    ("dingtalk", "DingTalk robot"),
                    ("feishu", "Feishu robot"),
                    ("sms", "Text message"),
                    ("webhook", "Webhook"),
                ],
                default="in_app",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="Address",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("wecom", "WeCom robot"),
                            ("dingtalk", "DingTalk robot"),
                            ("feishu", "Feishu robot"),
                            ("sms", "Text message"),
                            ("webhook", "Webhook"),
                        ],
                        max_length=16,
                        verbose_name="channel",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="name")),
                ("sealed", models.TextField(blank=True, verbose_name="address")),
                ("hint", models.CharField(blank=True, max_length=80, verbose_name="address")),
                ("lane", models.CharField(blank=True, max_length=80)),
                (
                    "hears",
                    models.CharField(
                        choices=[("all", "Everything"), ("pressing", "Only orders, overdue and cards")],
                        default="all",
                        max_length=16,
                        verbose_name="what it is told",
                    ),
                ),
                ("quiet_from", models.TimeField(blank=True, null=True, verbose_name="quiet from")),
                ("quiet_to", models.TimeField(blank=True, null=True, verbose_name="quiet until")),
                ("enabled", models.BooleanField(default=False, verbose_name="in use")),
                ("proven_at", models.DateTimeField(null=True, verbose_name="proven at")),
                ("coded_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("trouble", models.CharField(blank=True, max_length=200, verbose_name="trouble")),
                ("set_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="addresses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="robots",
                        to="grids.unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice address",
                "verbose_name_plural": "notice addresses",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Audience",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32, verbose_name="event")),
                ("who", models.CharField(max_length=24, verbose_name="who is told")),
                ("reason", models.CharField(max_length=24, verbose_name="reason")),
                ("enabled", models.BooleanField(default=True, verbose_name="told")),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "district",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grids.unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "audience of an event",
                "verbose_name_plural": "audiences of events",
                "ordering": ["kind", "who", "district"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(blank=True, max_length=24)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sending", "Being sent"),
                            ("bundled", "Told together with others"),
                            ("sent", "Sent"),
                            ("dead", "Not delivered"),
                            ("unknown", "Unknown whether it arrived"),
                        ],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("available_at", models.DateTimeField()),
                ("give_up_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("resends", models.PositiveSmallIntegerField(default=0)),
                ("lease", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                ("provider_id", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "address",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="dispatch.address",
                    ),
                ),
                (
                    "digest",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bundled",
                        to="dispatch.delivery",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.incidentevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.AddIndex(
            model_name="address",
            index=models.Index(condition=models.Q(("unit__isnull", False)), fields=["unit"], name="address_of_unit"),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", True), ("unit__isnull", False)),
                    models.Q(("person__isnull", False), ("unit__isnull", True)),
                    _connector="OR",
                ),
                name="address_of_one_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.UniqueConstraint(
                condition=models.Q(("person__isnull", False)),
                fields=("person", "channel"),
                name="address_one_per_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.UniqueConstraint(
                condition=models.Q(("unit__isnull", False), models.Q(("lane", ""), _negated=True)),
                fields=("unit", "lane"),
                name="address_robot_once",
                violation_error_message="This robot is there already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("enabled", False),
                    models.Q(("proven_at__isnull", False), models.Q(("sealed", ""), _negated=True)),
                    _connector="OR",
                ),
                name="address_used_when_proven",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from__isnull", True), ("quiet_to__isnull", True)),
                    models.Q(("quiet_from__isnull", False), ("quiet_to__isnull", False)),
                    _connector="OR",
                ),
                name="address_quiet_both_ends",
                violation_error_message="Quiet hours have a beginning and an end.",
            ),
        ),
        migrations.AddConstraint(
            model_name="audience",
            constraint=models.UniqueConstraint(
                fields=("district", "kind", "who"), name="audience_one_line_per_group", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["available_at", "id"], name="delivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "sending")), fields=["lease_until"], name="delivery_in_hand"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ("dead", "unknown"))), fields=["-id"], name="delivery_failed"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["address", "-id"], name="delivery_of_address"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("digest__isnull", False)), fields=["digest"], name="delivery_in_digest"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("event", "address"), name="delivery_once"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", False), ("state__in", ("sent", "dead", "unknown"))),
                    models.Q(
                        models.Q(("state__in", ("sent", "dead", "unknown")), _negated=True), ("ended_at__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="delivery_end_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "bundled"), _negated=True), ("digest__isnull", False), _connector="OR"
                ),
                name="delivery_bundled_has_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "sending"), _negated=True),
                    models.Q(("lease__isnull", False), ("lease_until__isnull", False)),
                    _connector="OR",
                ),
                name="delivery_sending_has_lease",
            ),
        ),
        migrations.RunSQL(WATCH, UNWATCH),
    ]
