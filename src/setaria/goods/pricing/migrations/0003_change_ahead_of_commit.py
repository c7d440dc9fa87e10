"""A price gives way only at an instant that is still to come when the change is committed.

Else orders could be placed at the old price, by batches that began before the commit, at instants at which the book
says the new one. Compared with the clock at the end of the transaction, not at its start.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION price_gives_way_ahead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(upper(NEW.valid), 'infinity') < clock_timestamp() THEN
        RAISE EXCEPTION 'the change of price begins before it is committed; let it begin a moment later'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER price_gives_way_ahead AFTER UPDATE ON pricing_price
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION price_gives_way_ahead();
"""
DROP = "DROP TRIGGER price_gives_way_ahead ON pricing_price; DROP FUNCTION price_gives_way_ahead();"


class Migration(migrations.Migration):
    dependencies = [("pricing", "0002_past_is_fixed")]
    operations = [migrations.RunSQL(CREATE, DROP)]
