"""What a storefront shows raises the version of the terms, so that it can be kept in memory (decision 0025)."""

from django.db import migrations

TABLES = ["storefront_storefront", "storefront_presence", "storefront_listed"]
CREATE = "\n".join(
    f"CREATE TRIGGER raise_terms_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION raise_terms_version();"
    for table in TABLES
)
DROP = "\n".join(f"DROP TRIGGER raise_terms_version ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("storefront", "0001_initial"), ("orders", "0002_terms_version")]
    operations = [migrations.RunSQL(CREATE, DROP)]
