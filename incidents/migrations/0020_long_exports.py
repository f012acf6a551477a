"""Long lists leave the house on the word of two people."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0019_fewer_indexes_for_lights"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("query", models.CharField(blank=True, max_length=1000)),
                ("reason", models.CharField(max_length=200, verbose_name="what for")),
                ("number", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Waiting for approval"),
                            ("granted", "Approved"),
                            ("refused", "Refused"),
                            ("taken", "Taken"),
                        ],
                        default="asked",
                        max_length=16,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField()),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
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
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="grids.unit"
                    ),
                ),
            ],
            options={
                "verbose_name": "request for an export",
                "verbose_name_plural": "requests for exports",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(condition=models.Q(("state", "asked")), fields=["unit", "id"], name="export_waits"),
                    models.Index(fields=["person", "-id"], name="export_of_person"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("person")), _negated=True),
                            _connector="OR",
                        ),
                        name="export_decided_by_another",
                        violation_error_message="Nobody approves what they asked for.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decided_by__isnull", True), ("state", "asked")),
                            models.Q(
                                models.Q(("state", "asked"), _negated=True),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="export_decided_when_over",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "asked")), fields=("person", "query"), name="export_asked_once"
                    ),
                ],
            },
        ),
    ]
