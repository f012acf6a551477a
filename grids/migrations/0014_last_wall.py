"""The last wall around boundaries, and reports that wait for a redraw.

What is published tiles its frame, or the transaction does not come to its end; what is in force ends by a plan published
in the same transaction, and in no other way. Who looks for the grid of a report waits for a publication in its district.
"""

from importlib import import_module

from django.db import migrations

guards = import_module("grids.migrations.0002_guard_boundaries")

# The transaction in which a plan was published; no model knows the column.
PLAN_GUARD = r"""
alter table grids_plan add column published_in xid8;

create or replace function grids_plan_guard() returns trigger language plpgsql as $$
declare found text;
begin
  if tg_op = 'INSERT' then
    if new.status = 'published' then
      raise exception 'a plan is published by grids.plans.publish, not born published' using errcode = 'check_violation';
    end if;
    new.published_in := null;
    return new;
  end if;
  if tg_op = 'UPDATE' then
    new.published_in := old.published_in;
  end if;
  if old.status = 'published' then
    if tg_op = 'DELETE' then
      raise exception 'a published plan is never deleted' using errcode = 'check_violation';
    end if;
    if (new.status, new.scope_id, new.certificate, new.is_synthetic, new.published_at, new.effective_at, new.base_id,
        new.rolls_back_id)
       is distinct from
       (old.status, old.scope_id, old.certificate, old.is_synthetic, old.published_at, old.effective_at, old.base_id,
        old.rolls_back_id)
       or not st_orderingequals(new.frame, old.frame) or (old.effect is not null and new.effect <> old.effect) then
      raise exception 'a published plan never changes' using errcode = 'check_violation';
    end if;
  elsif tg_op = 'UPDATE' and new.status = 'published' then
    -- As grids.plans.lock: one at a time in a district.
    perform pg_advisory_xact_lock(26482, left(new.scope_id, 6)::int);
    new.published_in := pg_current_xact_id();
    select encode(sha256(convert_to(string_agg(
             unit_id || ':' || encode(sha256(st_asbinary(geom, 'NDR')), 'hex'), E'\n' order by unit_id), 'UTF8')), 'hex')
      into found from grids_boundary where plan_id = new.id and kind = 'grid';
    if found is null or found is distinct from new.certificate ->> 'digest' then
      raise exception 'the certificate of plan % is not that of its boundaries', new.id using errcode = 'check_violation';
    end if;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;

select grids_audit_unwatch('grids_plan');
select grids_audit_watch('grids_plan', 'id', 'scope_id', '',
  'frame,certificate,revision,last_key,held_by_id,held_until,effect,published_in', '');
"""

BOUNDARY_GUARD = r"""
create or replace function grids_boundary_guard() returns trigger language plpgsql as $$
declare
  published boolean;
  moment timestamptz;
  writing xid8;
begin
  select status = 'published', effective_at, published_in into published, moment, writing from grids_plan
    where id = case when tg_op = 'INSERT' then new.plan_id else old.plan_id end;
  if tg_op = 'INSERT' then
    if published or new.valid is not null then
      raise exception 'a boundary begins as a draft' using errcode = 'check_violation';
    end if;
  elsif tg_op = 'DELETE' then
    if published then
      raise exception 'a published boundary is never deleted' using errcode = 'check_violation';
    end if;
    return old;
  elsif published then
    if (new.unit_id, new.plan_id, new.kind) is distinct from (old.unit_id, old.plan_id, old.kind)
       or not st_orderingequals(new.geom, old.geom)
       or (old.valid is not null and (new.valid is null or lower(new.valid) <> lower(old.valid)
           or (not upper_inf(old.valid) and new.valid <> old.valid))) then
      raise exception 'a published boundary never changes but for its end' using errcode = 'check_violation';
    end if;
    if old.valid is null and new.valid is not null
       and (writing is distinct from pg_current_xact_id() or lower(new.valid) <> moment or not upper_inf(new.valid)) then
      raise exception 'a boundary comes into force when its plan is published' using errcode = 'check_violation';
    end if;
    if upper_inf(old.valid) and not upper_inf(new.valid) and not exists (
         select 1 from grids_plan p
          where p.published_in = pg_current_xact_id() and p.effective_at = upper(new.valid)
            and (starts_with(new.unit_id, p.scope_id) or exists (
                 select 1 from grids_boundary b where b.plan_id = p.id and b.unit_id = new.unit_id))) then
      raise exception 'a boundary ends when another plan is published' using errcode = 'check_violation';
    end if;
  elsif new.valid is not null or new.plan_id <> old.plan_id then
    raise exception 'a boundary comes into force when its plan is published' using errcode = 'check_violation';
  end if;
  return new;
end $$;
"""

# At the end of the transaction: on each level the areas in force in the scope tile the frame, by the signed count of
# edges on the lattice (grids.proof); outside of the scope nothing changed but vertices on the outline.
WALL = r"""
create function grids_plan_tiles() returns trigger language plpgsql set jit = off as $$
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
  select b.unit_id into bad from grids_boundary b join grids_plan p on p.id = b.plan_id
   where b.valid is not null and lower(b.valid) > new.effective_at and p.published_in <> pg_current_xact_id()
     and b.unit_id >= new.scope_id
     and b.unit_id < left(new.scope_id, -1) || chr(ascii(right(new.scope_id, 1)) + 1) limit 1;
  if bad is not null then
    raise exception 'a later version of % is published already', bad using errcode = 'check_violation';
  end if;
  select b.unit_id into bad from grids_boundary b
   where b.plan_id = new.id and b.valid is not null and not starts_with(b.unit_id, new.scope_id) and not exists (
     select 1 from grids_boundary was
      where was.unit_id = b.unit_id and upper(was.valid) = new.effective_at
        and st_hausdorffdistance(was.geom, b.geom) < 2e-7) limit 1;
  if bad is not null then
    raise exception 'plan % changes %, which is not in its scope', new.id, bad using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger grids_plan_tiles after update on grids_plan deferrable initially deferred
  for each row when (new.status = 'published' and old.status <> 'published') execute function grids_plan_tiles();

create function grids_boundaries_stay() returns trigger language plpgsql as $$
begin
  if current_setting('wangge.allow_truncate', true) = 'on' then
    return null;
  end if;
  raise exception 'boundaries and plans are history: TRUNCATE refused' using errcode = 'restrict_violation';
end $$;
create trigger grids_boundaries_stay before truncate on grids_boundary
  for each statement execute function grids_boundaries_stay();
create trigger grids_plans_stay before truncate on grids_plan
  for each statement execute function grids_boundaries_stay();
create trigger grids_lineage_stays before truncate on grids_lineage
  for each statement execute function grids_boundaries_stay();
"""

# As grids_holding, for what is about to be written: a publication in the district is waited for, and looked behind.
FIRMLY = r"""
create function grids_hold(code text) returns timestamptz language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(26482, left(code, 6)::int);
  return clock_timestamp();
end $$;

create function grids_holding_firmly(longitude float8, latitude float8) returns text[] language plpgsql volatile as $$
declare
  found text[];
  again text[];
begin
  for attempt in 1..10 loop
    found := grids_holding(longitude, latitude, clock_timestamp());
    exit when found = '{}';
    perform grids_hold(found[1]);
    -- A statement of its own, which sees what was published while the lock was waited for.
    if split_part(found[1], ' ', 3) = '' then
      exit when not exists (
        select 1 from unnest(found) held where not exists (
          select 1 from grids_boundary b
           where b.id = split_part(held, ' ', 2)::bigint and b.valid @> clock_timestamp()));
    else
      again := grids_holding(longitude, latitude, clock_timestamp());
      exit when again = found;
    end if;
  end loop;
  return found;
end $$;
"""

BACKWARD = """
drop function grids_holding_firmly(float8, float8);
drop function grids_hold(text);
drop trigger grids_lineage_stays on grids_lineage;
drop trigger grids_plans_stay on grids_plan;
drop trigger grids_boundaries_stay on grids_boundary;
drop function grids_boundaries_stay();
drop trigger grids_plan_tiles on grids_plan;
drop function grids_plan_tiles();
select grids_audit_unwatch('grids_plan');
select grids_audit_watch('grids_plan', 'id', 'scope_id', '',
  'frame,certificate,revision,last_key,held_by_id,held_until,effect', '');
alter table grids_plan drop column published_in;
""" + guards.FORWARD.replace("create function", "create or replace function").replace(
    "create trigger grids_plan_guard", "create or replace trigger grids_plan_guard"
).replace("create trigger grids_boundary_guard", "create or replace trigger grids_boundary_guard")


class Migration(migrations.Migration):
    dependencies = [("grids", "0013_tiles")]

    operations = [
        migrations.RunSQL(PLAN_GUARD + BOUNDARY_GUARD + WALL + FIRMLY, BACKWARD),
    ]
