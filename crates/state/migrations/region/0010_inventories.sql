-- What machines hold, as their sensors told it: an inventory in parts, of which only the changed ones are sent.
-- Instants are microseconds since 1970; `touched_at` is the database's own clock, which readers follow.

-- Which parts make up the newest inventory of a device: a JSON object of part names and SHA-256.
CREATE TABLE device_inventories (
    tenant_id   uuid    NOT NULL,
    device_id   text    NOT NULL,
    -- By the sensor's clock, and when the server got it.
    taken_at    bigint  NOT NULL,
    received_at bigint  NOT NULL,
    parts       jsonb   NOT NULL,
    -- Parts that were too large to send: their contents are unknown, not empty.
    left_out    text[]  NOT NULL,
    -- Whether every part that is named is here.
    complete    boolean NOT NULL,
    touched_at  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX device_inventories_touched ON device_inventories (tenant_id, touched_at);

CREATE TABLE device_inventory_parts (
    tenant_id   uuid   NOT NULL,
    device_id   text   NOT NULL,
    part        text   NOT NULL,
    digest      text   NOT NULL,
    body        jsonb  NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, device_id, part),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

CREATE FUNCTION touch_inventory() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched_at := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    RETURN NEW;
END
$$;
CREATE TRIGGER device_inventories_touched BEFORE INSERT OR UPDATE ON device_inventories
    FOR EACH ROW EXECUTE FUNCTION touch_inventory();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['device_inventories', 'device_inventory_parts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO palisade_vuln;
GRANT SELECT, INSERT, UPDATE, DELETE ON device_inventories, device_inventory_parts TO palisade_lake;
GRANT SELECT ON device_inventories, device_inventory_parts TO palisade_api, palisade_vuln;
