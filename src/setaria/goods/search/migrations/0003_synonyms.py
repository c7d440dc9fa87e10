"""Groups of words for one thing, and how names sound. Whoever changes a group has everything indexed again."""

import django.contrib.postgres.indexes
import django.core.validators
from django.db import migrations, models

CREATE = """
CREATE FUNCTION search_note_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_stale SELECT id FROM catalog_product ORDER BY id ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER search_note_all AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON search_synonyms
    FOR EACH STATEMENT EXECUTE FUNCTION search_note_all();

INSERT INTO search_stale SELECT id FROM catalog_product ORDER BY id ON CONFLICT DO NOTHING;
"""
DROP = "DROP TRIGGER search_note_all ON search_synonyms; DROP FUNCTION search_note_all();"


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_options_sets_measures"),
        ("search", "0002_stale"),
    ]

    operations = [
        migrations.CreateModel(
            name="Synonyms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("terms", models.TextField(unique=True, validators=[django.core.validators.MaxLengthValidator(400)])),
            ],
            options={
                "ordering": ["terms"],
            },
        ),
        migrations.AddField(
            model_name="entry",
            name="sounds",
            field=models.TextField(default=""),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["sounds"], name="search_sounds", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="synonyms",
            constraint=models.CheckConstraint(
                condition=models.Q(("terms__contains", ",")), name="synonyms_are_two_at_least"
            ),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
