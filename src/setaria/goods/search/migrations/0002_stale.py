"""Whatever changes what a product is found by notes it as stale, in the transaction that changes it."""

from django.db import migrations

CREATE = """
CREATE FUNCTION search_note_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_stale SELECT NEW.id ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER search_note_product AFTER INSERT OR UPDATE ON catalog_product
    FOR EACH ROW EXECUTE FUNCTION search_note_product();

CREATE FUNCTION search_note_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_stale SELECT DISTINCT product_id FROM (
        SELECT NEW.product_id WHERE TG_OP <> 'DELETE' UNION SELECT OLD.product_id WHERE TG_OP <> 'INSERT'
    ) AS changed (product_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER search_note_variant AFTER INSERT OR UPDATE OR DELETE ON catalog_variant
    FOR EACH ROW EXECUTE FUNCTION search_note_variant();

CREATE FUNCTION search_note_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_stale SELECT id FROM catalog_product WHERE kind_id = NEW.id ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER search_note_kind AFTER UPDATE ON catalog_kind FOR EACH ROW EXECUTE FUNCTION search_note_kind();

INSERT INTO search_stale SELECT id FROM catalog_product;
"""
DROP = """
DROP TRIGGER search_note_kind ON catalog_kind; DROP FUNCTION search_note_kind();
DROP TRIGGER search_note_variant ON catalog_variant; DROP FUNCTION search_note_variant();
DROP TRIGGER search_note_product ON catalog_product; DROP FUNCTION search_note_product();
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial"), ("catalog", "0002_newest")]
    operations = [migrations.RunSQL(CREATE, DROP)]
