"""A number that rises with every change of the rules that everybody's quotes go by (`rulebook`).

BEFORE STATEMENT, as for the terms (orders, migration 0002). What a promotion's uses change is none of its terms.
"""

from django.db import migrations

TABLES = ["markets_market", "quotes_marketrules", "quotes_taxrate", "quotes_shippingrate", "points_programme"]
TERMS = (
    "market_id, name, percent_bp, amount, amount_max, goods_min, kind_ids, audience, needs_code, since, until,"
    ' "group", alone, priority, per_customer, budget_uses, budget_amount'
)
CREATE = (
    """
CREATE TABLE quotes_version (number bigint NOT NULL);
CREATE UNIQUE INDEX quotes_version_one ON quotes_version ((true));
INSERT INTO quotes_version VALUES (1);
CREATE FUNCTION raise_quotes_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quotes_version SET number = number + 1;
    RETURN NULL;
END $$;
"""
    + "\n".join(
        f"CREATE TRIGGER raise_quotes_version BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION raise_quotes_version();"
        for table in TABLES
    )
    + f"""
CREATE TRIGGER raise_quotes_version BEFORE INSERT OR UPDATE OF {TERMS} OR DELETE OR TRUNCATE ON promotions_promotion
    FOR EACH STATEMENT EXECUTE FUNCTION raise_quotes_version();
"""
)
DROP = (
    "\n".join(f"DROP TRIGGER raise_quotes_version ON {table};" for table in [*TABLES, "promotions_promotion"])
    + "DROP FUNCTION raise_quotes_version(); DROP TABLE quotes_version;"
)


class Migration(migrations.Migration):
    dependencies = [
        ("quotes", "0003_tax_within"),
        ("markets", "0001_initial"),
        ("promotions", "0003_returns"),
        ("points", "0003_returns"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
