"""What a product's page shows of sets, companions and colours raises the version of the terms, too (decision 0025)."""

from django.db import migrations

TABLES = ["catalog_optionvalue", "catalog_companion", "catalog_bundle", "catalog_bundlepart"]
CREATE = "\n".join(
    f"CREATE TRIGGER raise_terms_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION raise_terms_version();"
    for table in TABLES
)
DROP = "\n".join(f"DROP TRIGGER raise_terms_version ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("storefront", "0002_terms_shown"), ("catalog", "0003_options_sets_measures")]
    operations = [migrations.RunSQL(CREATE, DROP)]
