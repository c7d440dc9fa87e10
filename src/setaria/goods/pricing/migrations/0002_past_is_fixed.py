"""Prices never change in the past (law 3)."""

from django.db import migrations

CREATE = """
CREATE FUNCTION price_past_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF lower(OLD.valid) <= now() THEN
            RAISE EXCEPTION 'a price that has begun is history and stays' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.variant_id, NEW.market_id, NEW.amount, lower(NEW.valid))
            IS DISTINCT FROM (OLD.variant_id, OLD.market_id, OLD.amount, lower(OLD.valid))
       OR coalesce(upper(OLD.valid), 'infinity') < now()
       OR coalesce(upper(NEW.valid), 'infinity') < now() THEN
        RAISE EXCEPTION 'a price may only be ended, not before now; make a new one instead'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER price_past_is_fixed BEFORE UPDATE OR DELETE ON pricing_price
    FOR EACH ROW EXECUTE FUNCTION price_past_is_fixed();
"""
DROP = "DROP TRIGGER price_past_is_fixed ON pricing_price; DROP FUNCTION price_past_is_fixed();"


class Migration(migrations.Migration):
    dependencies = [("pricing", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
