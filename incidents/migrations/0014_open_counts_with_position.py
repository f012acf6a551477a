from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0013_open_beside_their_clocks"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="incident", name="incident_open_counts"),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["place", "id"],
                include=("state", "holder", "category", "urgency", "first_receiver", "point"),
                name="incident_open_counts",
            ),
        ),
    ]
