"""What is misspelt is corrected by words that are known, and no longer compared with every name."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

# The entries have nothing to be heard by until the worker has made them anew.
ALL = "INSERT INTO search_stale SELECT id FROM catalog_product ORDER BY id ON CONFLICT DO NOTHING"


class Migration(migrations.Migration):
    dependencies = [("search", "0004_written_at_once")]

    operations = [
        migrations.RemoveIndex("entry", "search_by_names"),
        migrations.RemoveIndex("entry", "search_by_sounds"),
        migrations.RemoveField("entry", "sounds"),
        migrations.AddField("entry", "heard", django.contrib.postgres.search.SearchVectorField(default="")),
        migrations.AddIndex(
            "entry",
            django.contrib.postgres.indexes.GinIndex(
                fields=["heard"], name="search_by_what_is_heard", fastupdate=False
            ),
        ),
        migrations.CreateModel(
            name="Known",
            fields=[
                ("word", models.TextField(primary_key=True, serialize=False)),
                ("noted_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Shape",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "shape", "word", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("shape", models.TextField()),
                ("word", models.TextField()),
            ],
            options={"indexes": [models.Index(fields=["word"], name="search_shapes_of_a_word")]},
        ),
        migrations.RunSQL(ALL, migrations.RunSQL.noop),
    ]
