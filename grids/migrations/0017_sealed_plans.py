"""The last wall stands until the end of the transaction, history is closed, and what is retired has no ground.

Once a plan has been looked at (`grids_plan_tiles`), be it early by SET CONSTRAINTS, no boundary begins or ends by it any
more. What a published plan was drawn from and what came of it is written while it is published and never again.
"""

from importlib import import_module

from django.db import migrations

wall = import_module("grids.migrations.0014_last_wall")

_FROM, _UNTIL = (wall.PLAN_GUARD.index(words) for words in ("create or replace function", "select grids_audit_unwatch"))
OLD_PLAN_GUARD = wall.PLAN_GUARD[_FROM:_UNTIL]
OLD_TILES = wall.WALL[: wall.WALL.index("create constraint trigger")].replace(
    "create function", "create or replace function"
)

# Whoever writes the column can only seal the plan earlier.
KEPT = "new.published_in := old.published_in;"
SEALED = "new.published_in := case when new.published_in is not null then old.published_in end;"
assert KEPT in OLD_PLAN_GUARD
PLAN_GUARD = OLD_PLAN_GUARD.replace(KEPT, SEALED)

# As before; also the outline of the scope stays where it was, what ends outside of it goes on at once, and no area is
# that of a retired unit. Then the plan is sealed.
TILES = r"""
create or replace function grids_plan_tiles() returns trigger language plpgsql set jit = off as $$
declare
  level text;
  bad text;
begin
  foreach level in array array['grid', 'village', 'town', 'district', 'city', 'province'] loop
    if exists (
      with shapes as (
        select 1 as w, geom as g from grids_boundary
         where kind = level and valid is not null and valid @> new.effective_at
           and unit_id >= new.scope_id and unit_id < left(new.scope_id, -1) || chr(ascii(right(new.scope_id, 1)) + 1)
        union all select -1, new.frame),
      segments as (select w, (st_dumpsegments(st_forcepolygonccw(g))).geom as l from shapes),
      edges as materialized (
        select w,
          ((round(st_x(st_pointn(l, 1)) * 1e7)::bigint + 1800000000) << 31)
            | (round(st_y(st_pointn(l, 1)) * 1e7)::bigint + 900000000) as a,
          ((round(st_x(st_pointn(l, 2)) * 1e7)::bigint + 1800000000) << 31)
            | (round(st_y(st_pointn(l, 2)) * 1e7)::bigint + 900000000) as b
        from segments)
      select 1 from edges where a <> b
      group by least(a, b), greatest(a, b) having sum(case when a < b then w else -w end) <> 0)
    then
      raise exception 'the %s in force in % do not tile its frame at %', level, new.scope_id, new.effective_at
        using errcode = 'check_violation';
    end if;
    exit when level = (select kind from grids_unit where code = new.scope_id);
  end loop;
  if exists (
    select 1 from grids_boundary was
     where was.unit_id = new.scope_id and upper(was.valid) = new.effective_at
       and case when st_orderingequals(was.geom, new.frame) then false
                else st_hausdorffdistance(was.geom, new.frame) >= 2e-7 end) then
    raise exception 'plan % moves the outline of %', new.id, new.scope_id using errcode = 'check_violation';
  end if;
  select b.unit_id into bad from grids_boundary b join grids_plan p on p.id = b.plan_id
   where b.valid is not null and lower(b.valid) > new.effective_at
     and p.published_in is distinct from pg_current_xact_id()
     and b.unit_id >= new.scope_id
     and b.unit_id < left(new.scope_id, -1) || chr(ascii(right(new.scope_id, 1)) + 1) limit 1;
  if bad is not null then
    raise exception 'a later version of % is published already', bad using errcode = 'check_violation';
  end if;
  select b.unit_id into bad from grids_boundary b
   where b.plan_id = new.id and not starts_with(b.unit_id, new.scope_id) and (b.valid is null or not exists (
     select 1 from grids_boundary was
      where was.unit_id = b.unit_id and upper(was.valid) = new.effective_at
        and st_hausdorffdistance(was.geom, b.geom) < 2e-7)) limit 1;
  if bad is not null then
    raise exception 'plan % changes %, which is not in its scope', new.id, bad using errcode = 'check_violation';
  end if;
  select b.unit_id into bad from grids_boundary b join grids_unit u on u.code = b.unit_id
   where b.plan_id = new.id and u.retired_at is not null
     and (upper_inf(b.valid) or upper(b.valid) > u.retired_at) limit 1;
  if bad is not null then
    raise exception 'plan % gives an area to %, which is retired', new.id, bad using errcode = 'check_violation';
  end if;
  update grids_plan set published_in = null where id = new.id;
  return null;
end $$;
"""

# A publication in the district is waited for, so that neither overlooks the other.
RETIRED = r"""
create function grids_retired_has_no_area() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(26482, left(new.code, 6)::int);
  if exists (
    select 1 from grids_unit u join grids_boundary b on b.unit_id = u.code
     where u.code = new.code and (upper_inf(b.valid) or upper(b.valid) > u.retired_at)
       and u.retired_at is not null) then
    raise exception '% is retired and its area is still published', new.code using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger grids_retired_has_no_area after update on grids_unit deferrable initially deferred
  for each row when (new.retired_at is not null and new.retired_at is distinct from old.retired_at
    and new.kind in ('grid', 'village', 'town', 'district', 'city', 'province'))
  execute function grids_retired_has_no_area();
"""

HISTORY = r"""
create function grids_plan_history() returns trigger language plpgsql as $$
declare
  plan record;
begin
  for plan in select id, status = 'published' as published, published_in is not distinct from pg_current_xact_id() as now
                from grids_plan where id in (old.plan_id, new.plan_id) for share loop
    if (plan.published or tg_table_name = 'grids_lineage') and not (plan.now and tg_op = 'INSERT') then
      raise exception 'what plan % was made of is history: % of % refused', plan.id, tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end if;
  end loop;
  return case when tg_op = 'DELETE' then old else new end;
end $$;

create trigger grids_plan_history before insert or update or delete on grids_lineage
  for each row execute function grids_plan_history();
create trigger grids_plan_history before insert or update or delete on grids_planoperation
  for each row execute function grids_plan_history();

-- Of an area it is only said, once, as which unit it was published.
create function grids_planarea_history() returns trigger language plpgsql as $$
declare
  plan record;
  named boolean := false;
begin
  if tg_op = 'UPDATE' and old.published_as_id is null then
    old.published_as_id := new.published_as_id;
    named := old is not distinct from new;
  end if;
  for plan in select id, status = 'published' as published, published_in is not distinct from pg_current_xact_id() as now
                from grids_plan where id in (old.plan_id, new.plan_id) for share loop
    if plan.published and not (plan.now and named) then
      raise exception 'what plan % was made of is history: % of % refused', plan.id, tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end if;
  end loop;
  return case when tg_op = 'DELETE' then old else new end;
end $$;

create trigger grids_planarea_history before insert or update or delete on grids_planarea
  for each row execute function grids_planarea_history();

create trigger grids_planareas_stay before truncate on grids_planarea
  for each statement execute function grids_boundaries_stay();
create trigger grids_planoperations_stay before truncate on grids_planoperation
  for each statement execute function grids_boundaries_stay();
"""

BACKWARD = (
    """
drop trigger grids_planoperations_stay on grids_planoperation;
drop trigger grids_planareas_stay on grids_planarea;
drop trigger grids_planarea_history on grids_planarea;
drop function grids_planarea_history();
drop trigger grids_plan_history on grids_planoperation;
drop trigger grids_plan_history on grids_lineage;
drop function grids_plan_history();
drop trigger grids_retired_has_no_area on grids_unit;
drop function grids_retired_has_no_area();
"""
    + OLD_PLAN_GUARD
    + OLD_TILES
)


class Migration(migrations.Migration):
    dependencies = [("grids", "0016_planned_ends")]

    operations = [migrations.RunSQL(PLAN_GUARD + TILES + RETIRED + HISTORY, BACKWARD)]
