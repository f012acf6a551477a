"""The indexes of the lights leave out what a unit owes an answer to; clocks of an incident are found by one index."""

import django.db.models.deletion
from django.db import migrations, models

BESIDE = ("overall", "pause", "reply")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0015_colours_are_final")]

    operations = [
        migrations.RemoveIndex(model_name="clock", name="clock_runs_by_due"),
        migrations.RemoveIndex(model_name="clock", name="clock_open_of_incident"),
        migrations.AlterField(
            model_name="clock",
            name="incident",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="clocks",
                to="incidents.incident",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("state", "running"), models.Q(("stage__in", BESIDE), _negated=True)),
                fields=["due_at", "id"],
                include=("incident",),
                name="clock_runs_by_due",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(
                    models.Q(("state", "stopped"), _negated=True), models.Q(("stage__in", BESIDE), _negated=True)
                ),
                fields=["incident"],
                include=("unit", "state", "due_at", "warn_at", "spent", "budget"),
                name="clock_open_of_incident",
            ),
        ),
    ]
