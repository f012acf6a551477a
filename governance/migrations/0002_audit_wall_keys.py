"""Keys of walls stand in the audit list, without what they are recognised by."""

from django.db import migrations

WATCH = "select grids_audit_watch('governance_wallkey', 'id', 'unit_id', 'made_by_id', 'digest', '');"
UNWATCH = "select grids_audit_unwatch('governance_wallkey');"


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_wall_keys"), ("grids", "0005_audit_tokens")]

    operations = [migrations.RunSQL(WATCH, UNWATCH)]
