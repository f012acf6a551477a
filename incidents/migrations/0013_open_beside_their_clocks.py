from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0012_limits_say_how_long"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["id"],
                include=("place", "holder", "state"),
                name="incident_open_by_id",
            ),
        ),
    ]
