"""The database itself refuses boundaries that did not come through a proven, published plan."""

from django.db import migrations

FORWARD = r"""
create function grids_plan_guard() returns trigger language plpgsql as $$
declare found text;
begin
  if tg_op = 'INSERT' then
    if new.status = 'published' then
      raise exception 'a plan is published by grids.plans.publish, not born published' using errcode = 'check_violation';
    end if;
    return new;
  end if;
  if old.status = 'published' then
    if tg_op = 'DELETE' then
      raise exception 'a published plan is never deleted' using errcode = 'check_violation';
    end if;
    if (new.status, new.scope_id, new.certificate, new.is_synthetic, new.published_at, new.effective_at, new.base_id)
       is distinct from
       (old.status, old.scope_id, old.certificate, old.is_synthetic, old.published_at, old.effective_at, old.base_id)
       or not st_orderingequals(new.frame, old.frame) then
      raise exception 'a published plan never changes' using errcode = 'check_violation';
    end if;
  elsif tg_op = 'UPDATE' and new.status = 'published' then
    select encode(sha256(convert_to(string_agg(
             unit_id || ':' || encode(sha256(st_asbinary(geom, 'NDR')), 'hex'), E'\n' order by unit_id), 'UTF8')), 'hex')
      into found from grids_boundary where plan_id = new.id and kind = 'grid';
    if found is null or found is distinct from new.certificate ->> 'digest' then
      raise exception 'the certificate of plan % is not that of its boundaries', new.id using errcode = 'check_violation';
    end if;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;

create trigger grids_plan_guard before insert or update or delete on grids_plan
  for each row execute function grids_plan_guard();

create function grids_boundary_guard() returns trigger language plpgsql as $$
declare published boolean;
begin
  select status = 'published' into published from grids_plan
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
  elsif new.valid is not null or new.plan_id <> old.plan_id then
    raise exception 'a boundary comes into force when its plan is published' using errcode = 'check_violation';
  end if;
  return new;
end $$;

create trigger grids_boundary_guard before insert or update or delete on grids_boundary
  for each row execute function grids_boundary_guard();
"""

BACKWARD = """
drop trigger grids_boundary_guard on grids_boundary;
drop function grids_boundary_guard();
drop trigger grids_plan_guard on grids_plan;
drop function grids_plan_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0001_units_posts_boundaries")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
