"""What a page shows beside the terms raises their version, too, so that it can be kept in memory (decision 0025)."""

from django.db import migrations

TABLES = ["catalog_kind", "catalog_picture", "inventory_location"]
CREATE = "\n".join(
    f"CREATE TRIGGER raise_terms_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION raise_terms_version();"
    for table in TABLES
)
DROP = "\n".join(f"DROP TRIGGER raise_terms_version ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_credit"),
        ("catalog", "0002_newest"),
        ("inventory", "0001_initial"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
