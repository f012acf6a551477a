"""A stamp beside the tables that say what clocks go by: whoever kept what they say sees by it that something changed.

One row for each table, written in the transaction of the change, so that the new stamp is seen with it and not before;
a stamp is never used twice, not even by a transaction that is taken back.
"""

from django.db import migrations

TABLES = (
    "incidents_timelimit", "incidents_escalationrule", "incidents_category", "incidents_calendar",
    "incidents_calendarversion",
)  # fmt: skip

FORWARD = """
CREATE TABLE incidents_rulestamp (source text PRIMARY KEY, stamp uuid NOT NULL);

CREATE FUNCTION incidents_stamp_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO incidents_rulestamp (source, stamp) VALUES (TG_TABLE_NAME, gen_random_uuid())
  ON CONFLICT (source) DO UPDATE SET stamp = excluded.stamp;
  RETURN NULL;
END $$;
"""

BACKWARD = "DROP FUNCTION incidents_stamp_rules(); DROP TABLE incidents_rulestamp;"


class Migration(migrations.Migration):
    dependencies = [("incidents", "0017_back_to_the_common_calendar")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        *(
            migrations.RunSQL(
                f"""
                INSERT INTO incidents_rulestamp (source, stamp) VALUES ('{table}', gen_random_uuid());
                CREATE TRIGGER stamp_rules AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
                  FOR EACH STATEMENT EXECUTE FUNCTION incidents_stamp_rules();
                """,
                f"DROP TRIGGER stamp_rules ON {table}",
            )
            for table in TABLES
        ),
    ]
