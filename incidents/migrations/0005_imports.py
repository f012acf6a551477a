"""Facts taken over from another system; nobody is told of what happened elsewhere long ago."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As before, but for events that tell of a birth elsewhere.
QUEUE = """
CREATE OR REPLACE FUNCTION incidents_event_is_unannounced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_unannounced (event_id) SELECT id FROM born WHERE kind <> 'import_history';
    RETURN NULL;
END $$;
"""
QUEUE_REVERSE = """
CREATE OR REPLACE FUNCTION incidents_event_is_unannounced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_unannounced (event_id) SELECT id FROM born;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0004_audit_triggers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=60, verbose_name="source")),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("mapping", models.TextField(verbose_name="mapping")),
                ("at", models.DateTimeField(verbose_name="imported at")),
                ("counts", models.JSONField(default=dict, verbose_name="result")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="imported by",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="ImportedRecord",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="imported",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                ("source", models.CharField(max_length=60, verbose_name="source")),
                ("original_number", models.CharField(max_length=64, verbose_name="original number")),
                ("original_status", models.CharField(blank=True, max_length=200)),
                ("original_category", models.CharField(blank=True, max_length=200)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("line", models.PositiveIntegerField()),
                ("facts", models.JSONField(default=dict)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="records", to="incidents.importbatch"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(fields=["sha256"], name="import_batch_of_file"),
        ),
        migrations.AddIndex(
            model_name="importedrecord",
            index=models.Index(fields=["original_number"], name="imported_by_number"),
        ),
        migrations.AddConstraint(
            model_name="importedrecord",
            constraint=models.UniqueConstraint(fields=("source", "original_number"), name="imported_once"),
        ),
        migrations.AddConstraint(
            model_name="importedrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True), ("closed_at__gte", models.F("opened_at")), _connector="OR"
                ),
                name="imported_closed_after_opened",
            ),
        ),
        migrations.RunSQL(QUEUE, QUEUE_REVERSE),
    ]
