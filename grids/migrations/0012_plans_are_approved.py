"""The right to approve a plan, for the heads there are; and the numbers a plan gives its areas."""

from django.db import migrations, models

# Who may do it, as it was decided when the right came: by right, the duties.
DUTIES = {"approve_plan_here": ["head"]}
NAMES = {"approve_plan_here": "Approve plans here"}
# The numbers change with the edits, which have a log of their own.
WATCH = """
select grids_audit_unwatch('grids_plan');
select grids_audit_watch('grids_plan', 'id', 'scope_id', '',
  'frame,certificate,revision,last_key,held_by_id,held_until,effect', '');
"""
UNWATCH = """
select grids_audit_unwatch('grids_plan');
select grids_audit_watch('grids_plan', 'id', 'scope_id', '',
  'frame,certificate,revision,held_by_id,held_until,effect', '');
"""
GRANT = """
INSERT INTO grids_unituserpermission (user_id, content_object_id, permission_id)
SELECT DISTINCT post.person_id, post.unit_id, %s FROM grids_post post JOIN grids_person person
    ON person.id = post.person_id AND person.is_active
 WHERE post.period @> now() AND post.duty = ANY(%s)
ON CONFLICT DO NOTHING
"""


def grant(apps, schema_editor):
    """Give the new rights to the posts there are; a new database has none, and gets its permissions afterwards."""
    if not apps.get_model("grids", "Post").objects.exists():
        return
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="grids", model="unit"
    )
    permissions = apps.get_model("auth", "Permission").objects
    with schema_editor.connection.cursor() as cursor:
        for name, duties in DUTIES.items():
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=name, defaults={"name": NAMES[name]}
            )
            cursor.execute(GRANT, [permission.pk, duties])


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0011_forces_and_rounds"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="unit",
            options={
                "ordering": ["code"],
                "permissions": [
                    ("report_here", "Report here"),
                    ("settle_here", "Settle on the spot here"),
                    ("handle_here", "Accept and hand on here"),
                    ("dispatch_here", "Dispatch from here"),
                    ("check_here", "Check and close here"),
                    ("grant_here", "Grant approvals here"),
                    ("take_here", "Take assignments here"),
                    ("urge_here", "Urge and supervise from here"),
                    ("red_card_here", "Give red cards from here"),
                    ("reply_here", "Answer urges and cards here"),
                    ("inspect_here", "Inspect on site here"),
                    ("administer_here", "Administer here"),
                    ("audit_here", "Audit here"),
                    ("approve_plan_here", "Approve plans here"),
                ],
                "verbose_name": "unit",
                "verbose_name_plural": "units",
            },
        ),
        migrations.AddField(
            model_name="plan",
            name="last_key",
            field=models.PositiveIntegerField(default=0, verbose_name="last number of an area"),
        ),
        migrations.RunSQL(WATCH, UNWATCH),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
