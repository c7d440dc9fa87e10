"""A number that rises with every change of the terms things are sold on, so that they can be kept in memory.

BEFORE STATEMENT: whoever changes terms takes this row first, before any other, so that two editors queue up
instead of deadlocking.
"""

from django.db import migrations

TABLES = [
    "markets_market",
    "markets_channel",
    "catalog_product",
    "catalog_variant",
    "pricing_price",
    "inventory_source",
    "drops_drop",
    "drops_dropitem",
]
CREATE = """
CREATE TABLE orders_terms_version (number bigint NOT NULL);
CREATE UNIQUE INDEX orders_terms_version_one ON orders_terms_version ((true));
INSERT INTO orders_terms_version VALUES (1);
CREATE FUNCTION raise_terms_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders_terms_version SET number = number + 1;
    RETURN NULL;
END $$;
""" + "\n".join(
    f"CREATE TRIGGER raise_terms_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION raise_terms_version();"
    for table in TABLES
)
DROP = (
    "\n".join(f"DROP TRIGGER raise_terms_version ON {table};" for table in TABLES)
    + "DROP FUNCTION raise_terms_version(); DROP TABLE orders_terms_version;"
)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("markets", "0001_initial"),
        ("catalog", "0001_initial"),
        ("pricing", "0001_initial"),
        ("inventory", "0001_initial"),
        ("drops", "0001_initial"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
