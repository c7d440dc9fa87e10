"""What the books promise and no CHECK can say: entries balance and are whole, closed months stay as they are, balances
are the postings, nothing is changed or taken out.
"""

from django.db import migrations

CREATE = """
ALTER TABLE books_posting ADD CONSTRAINT posting_of_an_entry
    FOREIGN KEY (source, source_id) REFERENCES books_entry (source, source_id);

CREATE FUNCTION books_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad record;
BEGIN
    SELECT source, source_id INTO bad FROM new_postings
    GROUP BY source, source_id, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % % does not balance', bad.source, bad.source_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balances';
    END IF;
    -- All lines of an entry come in one statement: the key forbids a second line 0.
    SELECT source, source_id INTO bad FROM new_postings GROUP BY source, source_id HAVING min(line) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % % has its lines already', bad.source, bad.source_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_whole';
    END IF;
    SELECT p.market_id, p.month INTO bad FROM new_postings AS p JOIN books_closed USING (market_id, month) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'month % of market % is closed', bad.month, bad.market_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'month_is_open';
    END IF;
    INSERT INTO books_balance AS balance (account, month, market_id, currency, kind_id, provider, debit, credit)
    SELECT account, month, market_id, currency, kind_id, provider, sum(greatest(amount, 0)), sum(greatest(-amount, 0))
    FROM new_postings GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (account, month, market_id, currency, kind_id, provider)
    DO UPDATE SET debit = balance.debit + excluded.debit, credit = balance.credit + excluded.credit;
    RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER INSERT ON books_posting REFERENCING NEW TABLE AS new_postings
    FOR EACH STATEMENT EXECUTE FUNCTION books_keep();

CREATE FUNCTION books_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are not changed: enter a correction'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'books_only_grow';
END $$;
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON books_entry FOR EACH ROW EXECUTE FUNCTION books_refuse();
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON books_posting FOR EACH ROW EXECUTE FUNCTION books_refuse();
CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON books_closed FOR EACH ROW EXECUTE FUNCTION books_refuse();
"""
DROP = """
DROP TRIGGER refuse ON books_closed;
DROP TRIGGER refuse ON books_posting;
DROP TRIGGER refuse ON books_entry;
DROP FUNCTION books_refuse();
DROP TRIGGER keep ON books_posting;
DROP FUNCTION books_keep();
ALTER TABLE books_posting DROP CONSTRAINT posting_of_an_entry;
"""


class Migration(migrations.Migration):
    dependencies = [("books", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
