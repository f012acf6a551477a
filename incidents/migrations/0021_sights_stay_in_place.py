"""When a place changes only those sights are written that lie otherwise after it: in a redraw next to none does."""

from django.db import migrations

ONLY_WHAT_CHANGES = """
CREATE OR REPLACE FUNCTION incidents_place_changes_sight() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incidents_sight SET afield = NOT afield
    WHERE incident_id = NEW.id AND afield = starts_with(NEW.place_id, split_part(unit_id, 'D', 1));
    RETURN NULL;
END $$;
"""
AS_BEFORE = """
CREATE OR REPLACE FUNCTION incidents_place_changes_sight() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incidents_sight SET afield = NOT starts_with(NEW.place_id, split_part(unit_id, 'D', 1))
    WHERE incident_id = NEW.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0020_long_exports")]

    operations = [migrations.RunSQL(ONLY_WHAT_CHANGES, AS_BEFORE)]
