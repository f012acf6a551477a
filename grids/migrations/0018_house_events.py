"""What people are told of that happened to no incident."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
create function grids_houseevent_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'an event of the house stays' using errcode = 'check_violation';
  end if;
  if old.announced_at is not null
     or to_jsonb(new) - 'announced_at' is distinct from to_jsonb(old) - 'announced_at' then
    raise exception 'an event of the house changes once: when people were told' using errcode = 'check_violation';
  end if;
  return new;
end $$;

create trigger grids_houseevent_guard before update or delete on grids_houseevent
  for each row execute function grids_houseevent_guard();
"""
BACK = "drop trigger grids_houseevent_guard on grids_houseevent; drop function grids_houseevent_guard();"


class Migration(migrations.Migration):
    dependencies = [("grids", "0017_sealed_plans")]

    operations = [
        migrations.CreateModel(
            name="HouseEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=24, verbose_name="kind")),
                ("details", models.JSONField(default=dict)),
                ("at", models.DateTimeField(verbose_name="at")),
                ("announced_at", models.DateTimeField(null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="house_events",
                        to="grids.plan",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grids.unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "event of the house",
                "verbose_name_plural": "events of the house",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("announced_at__isnull", True)), fields=["id"], name="house_event_untold"
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
