"""Which grid holds a point, as a function: its plan is made once a session, and planning was most of the cost."""

from django.db import migrations

# An array of texts, as rows and records take the client longer: unit, boundary, how many hold the point, metres.
GRID_AT = """
CREATE FUNCTION grids_grid_at(longitude float8, latitude float8, moment timestamptz, preferred text,
                              reach float8, farthest float8) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    here CONSTANT geometry := st_setsrid(st_makepoint(longitude, latitude), 4490);
    one record;
    held text COLLATE "C";
    version bigint;
    times int := 0;
BEGIN
    FOR one IN SELECT b.unit_id, b.id FROM grids_boundary b
                WHERE b.kind = 'grid' AND b.valid IS NOT NULL AND b.valid @> moment AND st_intersects(b.geom, here)
    LOOP
        times := times + 1;
        -- On a border the grid preferred wins, else the lowest code.
        IF times = 1 OR one.unit_id = preferred OR (held <> preferred AND one.unit_id < held) THEN
            held := one.unit_id;
            version := one.id;
        END IF;
    END LOOP;
    IF times > 0 THEN
        RETURN ARRAY[held, version::text, times::text, '0'];
    END IF;
    RETURN (
        SELECT ARRAY[near.unit_id, near.id::text, '0', near.d::text] FROM (
            SELECT b.unit_id, b.id, st_distance(b.geom::geography, here::geography) AS d FROM grids_boundary b
             WHERE b.kind = 'grid' AND b.valid IS NOT NULL AND b.valid @> moment AND b.geom && st_expand(here, reach)
        ) near
         WHERE near.d <= farthest ORDER BY near.d, near.unit_id LIMIT 1);
END $$;
"""
GRID_AT_REVERSE = "DROP FUNCTION grids_grid_at(float8, float8, timestamptz, text, float8, float8);"


class Migration(migrations.Migration):
    dependencies = [("grids", "0005_audit_tokens")]

    operations = [migrations.RunSQL(GRID_AT, GRID_AT_REVERSE)]
