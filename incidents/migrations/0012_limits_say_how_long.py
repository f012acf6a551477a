"""What red does is said by an escalation rule alone; limits and rules are versions that nobody rewrites."""

from django.db import migrations

GUARD = """
CREATE TRIGGER incidents_limit_is_final BEFORE UPDATE ON incidents_timelimit
    FOR EACH ROW EXECUTE FUNCTION incidents_version_is_final();
"""
GUARD_REVERSE = "DROP TRIGGER incidents_limit_is_final ON incidents_timelimit;"


class Migration(migrations.Migration):
    dependencies = [("incidents", "0011_counts_of_what_ended")]

    operations = [
        migrations.RemoveField(model_name="timelimit", name="red_action"),
        migrations.RunSQL(GUARD, GUARD_REVERSE),
    ]
