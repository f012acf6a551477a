from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0007_sweep_faults")]

    operations = [
        migrations.CreateModel(
            name="SelfAudit",
            fields=[
                ("minute", models.DateTimeField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=80)),
                ("passed", models.BooleanField()),
                ("findings", models.JSONField(default=list)),
                ("steps", models.PositiveIntegerField(default=0)),
                ("on_time", models.PositiveIntegerField(default=0)),
                ("last_event", models.BigIntegerField(default=0)),
            ],
        ),
    ]
