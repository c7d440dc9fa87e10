from django.db import migrations

# What tax is within the prices of an order that was placed without charges; see `quotes.within`.
FUNCTION = """
    CREATE FUNCTION quotes_tax_within(in_market bigint, of_kind bigint, in_drop boolean, placed timestamptz)
    RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN in_drop OR market.tax_inclusive
               THEN coalesce((SELECT rate_bp FROM quotes_taxrate
                              WHERE market_id = in_market AND kind_id = of_kind AND since <= placed
                              ORDER BY since DESC LIMIT 1), market.tax_rate_bp)
               ELSE 0 END::bigint
        FROM markets_market AS market WHERE market.id = in_market
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("markets", "0001_initial"), ("quotes", "0002_since")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION quotes_tax_within(bigint, bigint, boolean, timestamptz)"),
    ]
