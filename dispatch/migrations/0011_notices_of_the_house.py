"""Notices and deliveries may tell of an event of the house; what was told of plans before goes over to such events."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# One event for all who were told of a plan at one moment for one reason. Nobody is told again.
CARRY_OVER = """
create temporary table told_of_plans on commit drop as
  select n.id as notice, n.plan_id as plan, n.created_at as at, n.about ->> 'fault' as fault,
         case when n.about ? 'fault' then 'plan_not_published' when p.rolls_back_id is not null then 'plan_rolled_back'
              else 'plan_published' end as kind,
         coalesce(n.about ? 'published', false) as by_clock, p.scope_id as unit
    from dispatch_notice n join grids_plan p on p.id = n.plan_id;
insert into grids_houseevent (kind, unit_id, plan_id, details, at, announced_at)
  select distinct kind, unit, plan, jsonb_build_object('by_clock', by_clock, 'fault', coalesce(fault, '')), at, at
    from told_of_plans;
update dispatch_notice n set house_event_id = e.id
  from told_of_plans t join grids_houseevent e
    on e.plan_id = t.plan and e.at = t.at and e.kind = t.kind and (e.details ->> 'by_clock')::bool = t.by_clock
   and e.details ->> 'fault' = coalesce(t.fault, '')
 where n.id = t.notice;
set constraints all immediate;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0010_notices_of_plans"),
        ("grids", "0018_house_events"),
        ("incidents", "0021_sights_stay_in_place"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="house_event",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grids.houseevent",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="house_event",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="grids.houseevent",
            ),
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="notice", name="notice_of_incident_or_plan"),
        migrations.RemoveField(model_name="notice", name="plan"),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("house_event__isnull", False)),
                fields=("house_event", "address"),
                name="delivery_of_house_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("event__isnull", True), ("house_event__isnull", True), _connector="OR"),
                name="delivery_of_one_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("house_event__isnull", False)),
                fields=("house_event", "person", "channel"),
                name="notice_of_house_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event__isnull", False), ("house_event__isnull", True), ("incident__isnull", False)),
                    models.Q(("event__isnull", True), ("house_event__isnull", False), ("incident__isnull", True)),
                    _connector="OR",
                ),
                name="notice_of_one_event",
            ),
        ),
    ]
