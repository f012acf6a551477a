"""What an operator must hear of: clocks whose step failed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0006_deliveries")]

    operations = [
        migrations.CreateModel(
            name="SweepFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("clock_id", models.BigIntegerField()),
                ("incident_id", models.BigIntegerField()),
                ("first_failed_at", models.DateTimeField()),
                ("last_failed_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField()),
                ("times", models.PositiveIntegerField(default=1)),
                ("error", models.TextField()),
                ("solved_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("solved_at__isnull", True)),
                        fields=("clock_id",),
                        name="sweep_fault_one_open_per_clock",
                    )
                ],
            },
        ),
    ]
