"""Tokens of programs stand in the audit list, without what they are checked by; so do exports of the list itself."""

from django.db import migrations, models

WATCH = "select grids_audit_watch('knox_authtoken', 'token_key', '', 'user_id', 'digest', '');"
UNWATCH = "select grids_audit_unwatch('knox_authtoken');"

ACTS = [
    ("created", "created"),
    ("changed", "changed"),
    ("deleted", "deleted"),
    ("signed_in", "signed in"),
    ("signed_out", "signed out"),
    ("idled_out", "signed out for idleness"),
    ("refused", "sign-in refused"),
    ("locked", "locked after failures"),
    ("unlocked", "unlocked"),
    ("exported", "exported"),
]


class Migration(migrations.Migration):
    dependencies = [("grids", "0004_audit_triggers"), ("knox", "0009_extend_authtoken_field")]

    operations = [
        migrations.RunSQL(WATCH, UNWATCH),
        migrations.AlterField("auditentry", "act", models.CharField(max_length=12, choices=ACTS, verbose_name="act")),
    ]
