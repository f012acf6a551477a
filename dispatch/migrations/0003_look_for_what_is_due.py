"""What the sweep asks at every look, as a function: its plans are made once a session, and planning was the cost."""

from django.db import migrations

# An array of moments: now, the last signature of anybody, the own one, the lower bound, the first that is due above it.
# The bound follows from the own signature; there is none while the last full pass is too old, or there was none.
LOOK = """
CREATE FUNCTION dispatch_look(own text, given timestamptz, everything boolean, full_every interval, slack interval)
RETURNS timestamptz[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    moment CONSTANT timestamptz := coalesce(given, clock_timestamp());
    last_tick timestamptz;
    signed timestamptz;
    swept_all timestamptz;
    drained timestamptz;
    low timestamptz;
    due timestamptz;
BEGIN
    SELECT max(t.last_tick), max(t.last_tick) FILTER (WHERE t.name = own), max(t.last_full) FILTER (WHERE t.name = own),
           max(t.last_drained) FILTER (WHERE t.name = own)
      INTO last_tick, signed, swept_all, drained FROM dispatch_ticker t;
    IF NOT everything AND moment - swept_all < full_every THEN
        low := drained - slack;
    END IF;
    SELECT c.next_at INTO due FROM incidents_clock c
     WHERE c.next_at <= moment AND c.next_at > coalesce(low, '-infinity') ORDER BY c.next_at LIMIT 1;
    RETURN ARRAY[moment, last_tick, signed, low, due];
END $$;
"""
LOOK_REVERSE = "DROP FUNCTION dispatch_look(text, timestamptz, boolean, interval, interval);"


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_assignment_called_seq"), ("incidents", "0003_clock_turned_at")]

    operations = [migrations.RunSQL(LOOK, LOOK_REVERSE)]
