"""Changes of categories, limits and calendars stand in the audit list, whoever makes them and how."""

from django.db import migrations

WATCH = """
select grids_audit_watch('incidents_category', 'id', 'district_id', '', '', '');
select grids_audit_watch('incidents_timelimit', 'id', 'district_id', '', '', '');
select grids_audit_watch('incidents_calendar', 'id', 'district_id', '', '', '');
select grids_audit_watch('incidents_calendarversion', 'id', '', '', '', '');
"""
UNWATCH = """
select grids_audit_unwatch(t) from unnest(array['incidents_category', 'incidents_timelimit', 'incidents_calendar',
  'incidents_calendarversion']::regclass[]) t;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_clock_turned_at"), ("grids", "0004_audit_triggers")]

    operations = [migrations.RunSQL(WATCH, UNWATCH)]
