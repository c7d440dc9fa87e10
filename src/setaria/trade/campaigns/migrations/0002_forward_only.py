"""A campaign never takes a step back, and what was written down about one stays."""

from django.db import migrations

CREATE = """
CREATE FUNCTION campaign_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.revision < OLD.revision
       OR (NEW.revision = OLD.revision AND NEW.status < OLD.status)
       OR (NEW.revision > OLD.revision AND (NEW.status <> 1 OR OLD.status >= 4)) THEN
        RAISE EXCEPTION 'a campaign goes forward only; a changed plan is a new revision, until its approval'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER campaign_goes_forward BEFORE UPDATE ON campaigns_campaign
    FOR EACH ROW EXECUTE FUNCTION campaign_goes_forward();
CREATE FUNCTION campaign_step_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what a campaign went through is history and stays' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER campaign_step_is_immutable BEFORE UPDATE OR DELETE ON campaigns_step
    FOR EACH ROW EXECUTE FUNCTION campaign_step_is_immutable();
"""
DROP = """
DROP TRIGGER campaign_step_is_immutable ON campaigns_step; DROP FUNCTION campaign_step_is_immutable();
DROP TRIGGER campaign_goes_forward ON campaigns_campaign; DROP FUNCTION campaign_goes_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
