"""What no code may skip: the colour a clock ended with, and that it ended, stay for ever."""

from django.db import migrations

FROZEN = """
CREATE FUNCTION incidents_clock_is_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'clock % has ended: its colour is final', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER incidents_clock_colour_is_final BEFORE UPDATE OF state, stopped_at, final_light ON incidents_clock
    FOR EACH ROW WHEN (OLD.state = 'stopped' AND (NEW.state, NEW.stopped_at, NEW.final_light)
        IS DISTINCT FROM (OLD.state, OLD.stopped_at, OLD.final_light))
    EXECUTE FUNCTION incidents_clock_is_over();
"""
FROZEN_REVERSE = """
DROP TRIGGER incidents_clock_colour_is_final ON incidents_clock;
DROP FUNCTION incidents_clock_is_over();
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0014_open_counts_with_position")]

    operations = [migrations.RunSQL(FROZEN, FROZEN_REVERSE)]
