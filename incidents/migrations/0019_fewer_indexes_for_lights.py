"""A light is written without three index entries and a check that protect nothing of it: it has no number, no actor."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0018_rule_stamps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="incidentevent", name="event_one_per_move"),
        migrations.AddConstraint(
            model_name="incidentevent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("seq__isnull", False)), fields=("incident", "seq"), name="event_one_per_move"
            ),
        ),
        migrations.AlterField(
            model_name="incidentevent",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="incidentevent",
            index=models.Index(condition=models.Q(("actor__isnull", False)), fields=["actor"], name="event_of_actor"),
        ),
        migrations.AlterField(
            model_name="unannounced",
            name="event",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                primary_key=True,
                related_name="unannounced",
                serialize=False,
                to="incidents.incidentevent",
            ),
        ),
    ]
