"""The question which grid holds a point in the fewest words there and back: both cost more than the looking itself."""

from importlib import import_module

from django.db import migrations

where_a_point_is = import_module("grids.migrations.0006_where_a_point_is")

# Texts "unit boundary" of all grids that hold the point, or one "unit boundary metres" of the nearest within reach.
HOLDING = """
CREATE FUNCTION grids_holding(longitude float8, latitude float8, moment timestamptz,
                              reach float8 DEFAULT 0.004, farthest float8 DEFAULT 200)
RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    found CONSTANT text[] := ARRAY(
        SELECT b.unit_id || ' ' || b.id FROM grids_boundary b
         WHERE b.kind = 'grid' AND b.valid IS NOT NULL AND b.valid @> moment
           AND st_intersects(b.geom, st_setsrid(st_makepoint(longitude, latitude), 4490)));
    here geometry;
BEGIN
    IF found <> '{}' THEN
        RETURN found;
    END IF;
    here := st_setsrid(st_makepoint(longitude, latitude), 4490);
    RETURN ARRAY(
        SELECT near.unit_id || ' ' || near.id || ' ' || near.d FROM (
            SELECT b.unit_id, b.id, st_distance(b.geom::geography, here::geography) AS d FROM grids_boundary b
             WHERE b.kind = 'grid' AND b.valid IS NOT NULL AND b.valid @> moment AND b.geom && st_expand(here, reach)
        ) near
         WHERE near.d <= farthest ORDER BY near.d, near.unit_id LIMIT 1);
END $$;
"""
HOLDING_REVERSE = "DROP FUNCTION grids_holding(float8, float8, timestamptz, float8, float8);"


class Migration(migrations.Migration):
    dependencies = [("grids", "0006_where_a_point_is")]

    # The function of 0006 answered the same in one text array; nothing asks it any more.
    operations = [
        migrations.RunSQL(HOLDING, HOLDING_REVERSE),
        migrations.RunSQL(where_a_point_is.GRID_AT_REVERSE, where_a_point_is.GRID_AT),
    ]
