"""The two questions about rights that every press asks, as functions: their plans are made once per connection."""

from django.db import migrations

# A post counts while it is in force and the grant derived from it stands.
GRANTED = """
      FROM grids_post post
     WHERE EXISTS (SELECT 1 FROM grids_unituserpermission held JOIN auth_permission named
                       ON named.id = held.permission_id
                    WHERE held.user_id = post.person_id AND held.content_object_id = post.unit_id
                      AND named.codename = wanted)
       AND post.person_id = person AND post.period @> moment AND post.duty = ANY(duties)
"""
ACTING_DUTY = f"""
CREATE FUNCTION grids_acting_duty(wanted text, person bigint, moment timestamptz, duties text[], units text[])
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
    SELECT post.duty {GRANTED} AND post.unit_id = ANY(units)
     ORDER BY length(post.unit_id) DESC, post.is_primary DESC, post.id LIMIT 1);
END $$;
"""
ACTING_DUTY_REVERSE = "DROP FUNCTION grids_acting_duty(text, bigint, timestamptz, text[], text[]);"

# Texts "unit duty", the primary one of a unit last.
DUTIES_WITH_RIGHT = f"""
CREATE FUNCTION grids_duties_with_right(wanted text, person bigint, moment timestamptz, duties text[])
RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
    SELECT post.unit_id || ' ' || post.duty {GRANTED} ORDER BY post.unit_id, post.is_primary, post.id DESC);
END $$;
"""
DUTIES_WITH_RIGHT_REVERSE = "DROP FUNCTION grids_duties_with_right(text, bigint, timestamptz, text[]);"


class Migration(migrations.Migration):
    dependencies = [("grids", "0008_rights_to_urge")]

    operations = [
        migrations.RunSQL(ACTING_DUTY, ACTING_DUTY_REVERSE),
        migrations.RunSQL(DUTIES_WITH_RIGHT, DUTIES_WITH_RIGHT_REVERSE),
    ]
