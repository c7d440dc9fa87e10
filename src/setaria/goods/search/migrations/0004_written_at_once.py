"""What is searched is never behind: no list of entries that are yet to be put into the index."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


def _trigrams(field: str, name: str) -> GinIndex:
    return GinIndex(fields=[field], name=name, opclasses=["gin_trgm_ops"], fastupdate=False)


class Migration(migrations.Migration):
    dependencies = [("search", "0003_synonyms")]

    operations = [
        migrations.RemoveIndex("entry", "search_words"),
        migrations.RemoveIndex("entry", "search_names"),
        migrations.RemoveIndex("entry", "search_sounds"),
        migrations.AddIndex("entry", GinIndex(fields=["words"], name="search_by_words", fastupdate=False)),
        migrations.AddIndex("entry", _trigrams("names", "search_by_names")),
        migrations.AddIndex("entry", _trigrams("sounds", "search_by_sounds")),
    ]
