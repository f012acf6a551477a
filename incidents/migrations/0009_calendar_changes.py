"""Calendars that limits name, several layers of days, midnight as an end, and changes that are counted through first."""

import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FINAL = """
CREATE FUNCTION incidents_calendar_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a calendar never changes: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER incidents_calendar_version_is_final BEFORE UPDATE OR DELETE ON incidents_calendarversion
    FOR EACH ROW EXECUTE FUNCTION incidents_calendar_is_final();
CREATE TRIGGER incidents_calendar_period_is_final BEFORE UPDATE OR DELETE ON incidents_workperiod
    FOR EACH ROW EXECUTE FUNCTION incidents_calendar_is_final();
CREATE TRIGGER incidents_calendar_day_is_final BEFORE UPDATE OR DELETE ON incidents_specialday
    FOR EACH ROW EXECUTE FUNCTION incidents_calendar_is_final();
"""
FINAL_REVERSE = """
DROP TRIGGER incidents_calendar_day_is_final ON incidents_specialday;
DROP TRIGGER incidents_calendar_period_is_final ON incidents_workperiod;
DROP TRIGGER incidents_calendar_version_is_final ON incidents_calendarversion;
DROP FUNCTION incidents_calendar_is_final();
"""

# How far it is counted and what was found is no change by anybody.
WATCH = """
select grids_audit_watch('incidents_calendarchange', 'id', '', '',
  'content,found,cursor,done,total,as_of,revision,moved', '');
"""
UNWATCH = "select grids_audit_unwatch('incidents_calendarchange');"


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0007_grids_holding"),
        ("incidents", "0008_desks_from_index_alone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("previewing", "being counted through"),
                            ("ready", "counted through, not applied"),
                            ("applying", "being applied"),
                            ("applied", "applied"),
                            ("abandoned", "abandoned"),
                        ],
                        default="previewing",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("as_of", models.DateTimeField()),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("cursor", models.BigIntegerField(default=0)),
                ("found", models.JSONField(default=dict)),
                ("applied_at", models.DateTimeField(null=True)),
                ("moved", models.PositiveIntegerField(default=0)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "change of a calendar",
                "verbose_name_plural": "changes of calendars",
            },
        ),
        migrations.RemoveConstraint(
            model_name="specialday",
            name="special_day_once",
        ),
        migrations.RemoveConstraint(
            model_name="workperiod",
            name="work_period_forward",
        ),
        migrations.AddField(
            model_name="calendar",
            name="by_name_only",
            field=models.BooleanField(default=False, verbose_name="only for limits that name it"),
        ),
        migrations.AddField(
            model_name="calendarversion",
            name="made_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="calendar",
            constraint=models.UniqueConstraint(
                condition=models.Q(("by_name_only", False)),
                fields=("district",),
                name="calendar_one_followed",
                nulls_distinct=False,
                violation_error_message="This district follows another calendar already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="specialday",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ("local_off", "local_work")), _negated=True),
                fields=("version", "date"),
                name="special_day_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="specialday",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ("local_off", "local_work"))),
                fields=("version", "date"),
                name="local_day_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="workperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts__lt", models.F("ends")), ("ends", datetime.time(0, 0)), _connector="OR"),
                name="work_period_forward",
            ),
        ),
        migrations.AddField(
            model_name="calendarchange",
            name="applied_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="calendarchange",
            name="author",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="calendarchange",
            name="base",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.calendarversion"
            ),
        ),
        migrations.AddField(
            model_name="calendarchange",
            name="calendar",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="incidents.calendar"
            ),
        ),
        migrations.AddField(
            model_name="calendarchange",
            name="version",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="change",
                to="incidents.calendarversion",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("previewing", "ready", "applying"))),
                fields=("calendar",),
                name="calendar_change_one_in_flight",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("applying", "applied")), ("version__isnull", False)),
                    models.Q(
                        models.Q(("state__in", ("applying", "applied")), _negated=True), ("version__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="calendar_change_has_its_version",
            ),
        ),
        migrations.RunSQL(FINAL, FINAL_REVERSE),
        migrations.RunSQL(WATCH, UNWATCH),
    ]
