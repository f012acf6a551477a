"""What no code may skip: events never change, every event is queued to be told, numbers come from one sequence."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION incidents_event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('wangge.allow_truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the record of an incident is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER incidents_event_row_is_final BEFORE UPDATE OR DELETE ON incidents_incidentevent
    FOR EACH ROW EXECUTE FUNCTION incidents_event_is_final();
CREATE TRIGGER incidents_event_table_is_final BEFORE TRUNCATE ON incidents_incidentevent
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_event_is_final();
"""
APPEND_ONLY_REVERSE = """
DROP TRIGGER incidents_event_table_is_final ON incidents_incidentevent;
DROP TRIGGER incidents_event_row_is_final ON incidents_incidentevent;
DROP FUNCTION incidents_event_is_final();
"""

UNANNOUNCED = """
CREATE FUNCTION incidents_event_is_unannounced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_unannounced (event_id) SELECT id FROM born;
    RETURN NULL;
END $$;
CREATE TRIGGER incidents_event_is_queued AFTER INSERT ON incidents_incidentevent
    REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION incidents_event_is_unannounced();
"""
UNANNOUNCED_REVERSE = """
DROP TRIGGER incidents_event_is_queued ON incidents_incidentevent;
DROP FUNCTION incidents_event_is_unannounced();
"""

# Light changes update only narrow clock rows: leave room for them on the page, and clean up by count, not by share.
CLOCK_STORAGE = """
ALTER TABLE incidents_clock SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000);
"""
CLOCK_STORAGE_REVERSE = """
ALTER TABLE incidents_clock RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE incidents_number", "DROP SEQUENCE incidents_number"),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_REVERSE),
        migrations.RunSQL(UNANNOUNCED, UNANNOUNCED_REVERSE),
        migrations.RunSQL(CLOCK_STORAGE, CLOCK_STORAGE_REVERSE),
    ]
