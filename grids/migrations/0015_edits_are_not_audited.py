"""An edit of a plan asks the audit nothing: to put its outline into JSON took longer than all else."""

from django.db import migrations

# What the audit list shows of a plan. The rest changes with every edit, which stands in a log of its own, or is large.
SHOWN = (
    "id", "scope_id", "base_id", "status", "title", "note", "reason", "target_households", "tolerance_percent",
    "is_synthetic", "created_at", "created_by_id", "approved_at", "approved_by_id", "publish_at", "publish_fault",
    "published_at", "effective_at", "published_by_id", "rolls_back_id",
)  # fmt: skip
HIDDEN = "frame,certificate,revision,last_key,held_by_id,held_until,effect,published_in"
WATCH = f"grids_audit('id', 'scope_id', '', '{HIDDEN}', '')"
FORWARD = f"""
drop trigger grids_audit on grids_plan;
create trigger grids_audit after insert or delete on grids_plan for each row execute function {WATCH};
create trigger grids_audit_change after update on grids_plan for each row
  when (({", ".join(f"old.{name}" for name in SHOWN)})
        is distinct from ({", ".join(f"new.{name}" for name in SHOWN)}))
  execute function {WATCH};
"""
BACKWARD = f"""
drop trigger grids_audit_change on grids_plan;
drop trigger grids_audit on grids_plan;
create trigger grids_audit after insert or update or delete on grids_plan for each row execute function {WATCH};
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0014_last_wall")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
