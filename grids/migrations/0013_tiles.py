"""A vector tile in one call: the plan of such a question takes longer to make than most tiles do, so it is kept."""

from django.db import migrations

# Layers named by their kind, then `names_<kind>` with a point in each area at least 24 pixels wide. Before zoom 13 a
# border loses what is finer than a quarter of a pixel.
TILE = r"""
CREATE FUNCTION grids_tile(zoom int, across int, down int, first_code text, next_code text) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    tile CONSTANT geometry := st_tileenvelope(zoom, across, down);
    ground CONSTANT geometry := st_setsrid(
        st_transform(st_tileenvelope(zoom, across, down, margin => 64.0 / 4096), 4326), 4490);
    pixel CONSTANT float8 := 360.0 / 256 / 2 ^ zoom;
    wide bytea;
    fine bytea;
BEGIN
    WITH shown AS MATERIALIZED (
        SELECT b.kind, length(u.code) AS tier, u.code, coalesce(nullif(u.short_name, ''), u.name) AS name,
               p.is_synthetic AS synthetic, round((st_xmax(b.geom) - st_xmin(b.geom)) / pixel)::int AS width,
               st_transform(st_setsrid(CASE WHEN zoom < 13 THEN st_simplify(b.geom, pixel / 4, true) ELSE b.geom END,
                                       4326), 3857) AS shape
          FROM grids_boundary b JOIN grids_unit u ON u.code = b.unit_id JOIN grids_plan p ON p.id = b.plan_id
         WHERE b.valid IS NOT NULL AND b.kind <> 'grid' AND b.geom && ground AND b.valid @> now()
           AND (b.kind IN ('district', 'town') OR b.kind = 'village' AND zoom >= 11)
           AND b.unit_id >= first_code AND b.unit_id < next_code),
    lines AS (
        SELECT kind, tier, code, name, synthetic, st_asmvtgeom(shape, tile, 4096, 64, true) AS geom FROM shown),
    points AS (
        SELECT kind, tier, code, name, width, st_asmvtgeom(st_pointonsurface(shape), tile, 4096, 0, true) AS geom
          FROM shown WHERE width >= 24),
    layers AS (
        SELECT tier, 0 AS sort, st_asmvt(lines, kind, 4096, 'geom') AS layer FROM lines
         WHERE geom IS NOT NULL GROUP BY tier, kind
        UNION ALL
        SELECT tier, 1, st_asmvt(points, 'names_' || kind, 4096, 'geom') FROM points
         WHERE geom IS NOT NULL GROUP BY tier, kind)
    SELECT string_agg(layer, ''::bytea ORDER BY sort, tier) INTO wide FROM layers;
    IF zoom >= 13 THEN
        WITH shown AS MATERIALIZED (
            SELECT b.kind, u.code, coalesce(nullif(u.short_name, ''), u.name) AS name, p.is_synthetic AS synthetic,
                   round((st_xmax(b.geom) - st_xmin(b.geom)) / pixel)::int AS width,
                   st_transform(st_setsrid(b.geom, 4326), 3857) AS shape
              FROM grids_boundary b JOIN grids_unit u ON u.code = b.unit_id JOIN grids_plan p ON p.id = b.plan_id
             WHERE b.valid IS NOT NULL AND b.kind = 'grid' AND b.geom && ground AND b.valid @> now()
               AND b.unit_id >= first_code AND b.unit_id < next_code),
        lines AS (SELECT kind, code, name, synthetic, st_asmvtgeom(shape, tile, 4096, 64, true) AS geom FROM shown),
        points AS (
            SELECT kind, code, name, width, st_asmvtgeom(st_pointonsurface(shape), tile, 4096, 0, true) AS geom
              FROM shown WHERE width >= 24)
        SELECT coalesce((SELECT st_asmvt(lines, 'grid', 4096, 'geom') FROM lines WHERE geom IS NOT NULL), '')
               || coalesce((SELECT st_asmvt(points, 'names_grid', 4096, 'geom') FROM points WHERE geom IS NOT NULL), '')
          INTO fine;
    END IF;
    RETURN coalesce(wide, '') || coalesce(fine, '');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0012_plans_are_approved")]

    operations = [migrations.RunSQL(TILE, "DROP FUNCTION grids_tile(int, int, int, text, text);")]
