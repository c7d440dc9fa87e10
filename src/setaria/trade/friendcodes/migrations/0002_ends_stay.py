"""A code that was spent or revoked stays so, and an attempt is history."""

from django.db import migrations

CREATE = """
CREATE FUNCTION code_ends_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.id, OLD.drop_id, OLD.given_to, OLD.number, OLD.given_at)
            IS DISTINCT FROM (NEW.id, NEW.drop_id, NEW.given_to, NEW.number, NEW.given_at)
       OR (OLD.spent_at IS NOT NULL OR OLD.revoked_at IS NOT NULL)
          AND (OLD.spent_by, OLD.spent_at, OLD.revoked_at, OLD.held_by, OLD.turn)
              IS DISTINCT FROM (NEW.spent_by, NEW.spent_at, NEW.revoked_at, NEW.held_by, NEW.turn) THEN
        RAISE EXCEPTION 'a code that was given stays, and what has ended it too' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER code_ends_stay BEFORE UPDATE OR DELETE ON friendcodes_code
    FOR EACH ROW EXECUTE FUNCTION code_ends_stay();

CREATE FUNCTION code_attempts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a code gave leave for is history and stays' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER code_attempts_stay BEFORE UPDATE OR DELETE ON friendcodes_attempt
    FOR EACH ROW EXECUTE FUNCTION code_attempts_stay();
"""
DROP = """
DROP TRIGGER code_attempts_stay ON friendcodes_attempt; DROP FUNCTION code_attempts_stay();
DROP TRIGGER code_ends_stay ON friendcodes_code; DROP FUNCTION code_ends_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("friendcodes", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
