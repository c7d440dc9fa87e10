"""What invoices promise and no CHECK can say: numbers follow each other without a gap, nothing is changed or taken out."""

from django.db import migrations

CREATE = """
CREATE FUNCTION invoices_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT n.market_id, n.year INTO bad
    FROM (SELECT market_id, year, min(number) AS lowest, max(number) - min(number) + 1 - count(*) AS missing
          FROM new_invoices GROUP BY market_id, year) AS n
    WHERE n.missing <> 0 OR n.lowest <> 1 + coalesce(
        (SELECT max(i.number) FROM invoices_invoice AS i
         WHERE i.market_id = n.market_id AND i.year = n.year AND i.number < n.lowest), 0)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'invoice numbers of market % in % would have a gap', bad.market_id, bad.year
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_numbers_without_gap';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER INSERT ON invoices_invoice REFERENCING NEW TABLE AS new_invoices
    FOR EACH STATEMENT EXECUTE FUNCTION invoices_keep();

CREATE FUNCTION invoices_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invoice is never changed: reverse it with a credit note'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_only_grow';
END $$;
CREATE TRIGGER refuse_invoice BEFORE UPDATE OR DELETE ON invoices_invoice FOR EACH ROW EXECUTE FUNCTION invoices_refuse();
"""
DROP = """
DROP TRIGGER refuse_invoice ON invoices_invoice;
DROP FUNCTION invoices_refuse();
DROP TRIGGER keep ON invoices_invoice;
DROP FUNCTION invoices_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
