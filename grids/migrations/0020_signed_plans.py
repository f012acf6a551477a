"""Who drew, approved and published a plan, and why, is as settled as its ground once it is published."""

from django.db import migrations

SIGNED = r"""
create function grids_plan_signed() returns trigger language plpgsql as $$
begin
  raise exception 'who signed a published plan, and why, never changes' using errcode = 'check_violation';
end $$;

create trigger grids_plan_signed before update on grids_plan for each row
  when (old.status = 'published'
    and (new.created_at, new.created_by_id, new.approved_at, new.approved_by_id, new.published_by_id,
         new.title, new.reason, new.note, new.target_households, new.tolerance_percent)
      is distinct from
        (old.created_at, old.created_by_id, old.approved_at, old.approved_by_id, old.published_by_id,
         old.title, old.reason, old.note, old.target_households, old.tolerance_percent))
  execute function grids_plan_signed();
"""
UNSIGNED = "drop trigger grids_plan_signed on grids_plan; drop function grids_plan_signed();"


class Migration(migrations.Migration):
    dependencies = [("grids", "0019_boundary_place")]

    operations = [migrations.RunSQL(SIGNED, UNSIGNED)]
