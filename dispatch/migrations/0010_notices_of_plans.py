"""A notice may be about a plan that redrew grids instead of an incident."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0009_cards_given_out"),
        ("grids", "0012_plans_are_approved"),
        ("incidents", "0015_colours_are_final"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="about",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="plan",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grids.plan",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="event",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="incidents.incidentevent",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="incident",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.incident"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event__isnull", False), ("incident__isnull", False), ("plan__isnull", True)),
                    models.Q(("event__isnull", True), ("incident__isnull", True), ("plan__isnull", False)),
                    _connector="OR",
                ),
                name="notice_of_incident_or_plan",
            ),
        ),
    ]
