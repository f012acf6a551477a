"""The index for areas of any kind of unit holds what is or was in force alone.

It was declared so from the beginning, but of an index on one geometry field GeoDjango drops the condition: it held the
areas of all drafts and of all that stayed as it was, a whole district with each plan.
"""

from django.contrib.postgres.indexes import GistIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grids", "0018_house_events")]

    operations = [
        migrations.RemoveIndex("boundary", "boundary_place"),
        migrations.AddIndex(
            "boundary",
            GistIndex(models.F("geom"), name="boundary_place", condition=models.Q(("valid__isnull", False))),
        ),
    ]
