-- Machines without a sensor whose inventories the connect process reads over SSH.
-- Instants are microseconds since 1970; `touched_at` is the database's own clock, which readers follow.

ALTER TABLE subscriptions
    ADD COLUMN agentless       boolean NOT NULL DEFAULT false,
    ADD COLUMN agentless_hours integer NOT NULL DEFAULT 24 CHECK (agentless_hours BETWEEN 4 AND 72);
-- Null: as its subscription says.
ALTER TABLE machines ADD COLUMN agentless boolean;

-- Who tells of a device: its sensor, or scans of the machine that it stands for. One of the second kind has no
-- certificate, no heartbeat and takes no orders; its id follows from its machine's.
ALTER TABLE devices
    ADD COLUMN source     text NOT NULL DEFAULT 'sensor' CHECK (source IN ('sensor', 'agentless')),
    ADD COLUMN machine_id uuid,
    ADD CONSTRAINT devices_agentless CHECK ((source = 'agentless') = (machine_id IS NOT NULL)),
    ADD CONSTRAINT devices_machine FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id)
        ON DELETE CASCADE;
CREATE UNIQUE INDEX devices_of_machine ON devices (tenant_id, machine_id) WHERE machine_id IS NOT NULL;

-- How scans of a machine stand. The estate process asks for one, the connect process makes it.
CREATE TABLE machine_scans (
    tenant_id   uuid    NOT NULL,
    machine_id  uuid    NOT NULL,
    wanted_at   bigint,
    lease_until bigint,
    worker      text,
    tried_at    bigint,
    -- The last one that gave an inventory, by the server's clock.
    scanned_at  bigint,
    -- Before this nobody asks by itself.
    next_at     bigint  NOT NULL DEFAULT 0,
    -- Failures since the last success.
    failures    integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    -- not_applicable, waiting, done, limited, failed
    state       text    NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('not_applicable', 'waiting', 'done', 'limited', 'failed')),
    -- A stable code, and words; empty where nothing is wrong.
    code        text    NOT NULL DEFAULT '',
    message     text    NOT NULL DEFAULT '',
    -- Of the last success: whether as root, how many packages.
    root        boolean,
    packages    integer,
    changed_at  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, machine_id),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX machine_scans_wanted ON machine_scans (tenant_id, wanted_at) WHERE wanted_at IS NOT NULL;

-- The last scans of each machine; they stay when it gets a sensor.
CREATE TABLE machine_scan_log (
    tenant_id  uuid    NOT NULL,
    machine_id uuid    NOT NULL,
    at         bigint  NOT NULL,
    code       text    NOT NULL,
    message    text    NOT NULL,
    -- How long it took.
    micros     bigint  NOT NULL,
    root       boolean,
    packages   integer,
    PRIMARY KEY (tenant_id, machine_id, at),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);

-- The device that scans made follows its machine, and retires in the transaction in which the machine gets a
-- sensor, is deleted by its cloud or taken out of service: nothing of it is counted twice. A trigger, so that no
-- writer of machines can forget it.
CREATE FUNCTION agentless_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.subscription_id, NEW.device_id, NEW.retired_at, NEW.offboarded_at)
        IS NOT DISTINCT FROM (OLD.subscription_id, OLD.device_id, OLD.retired_at, OLD.offboarded_at) THEN
        RETURN NULL;
    END IF;
    UPDATE devices SET subscription_id = NEW.subscription_id,
        status = CASE WHEN NEW.retired_at IS NOT NULL OR NEW.offboarded_at IS NOT NULL
            OR (NEW.device_id IS NOT NULL AND NEW.device_id IS DISTINCT FROM OLD.device_id)
            THEN 'offboarded' ELSE status END
    WHERE tenant_id = NEW.tenant_id AND machine_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER machines_agentless AFTER UPDATE OF subscription_id, device_id, retired_at, offboarded_at ON machines
    FOR EACH ROW EXECUTE FUNCTION agentless_follows();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['machine_scans', 'machine_scan_log'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

-- What the connect process writes comes from machines that may be hostile. Of devices it sees and writes those
-- that scans made, never one that a sensor told of; the same for what devices hold.
CREATE POLICY connect ON devices AS RESTRICTIVE TO palisade_connect
    USING (source = 'agentless') WITH CHECK (source = 'agentless');
CREATE POLICY connect ON device_inventories AS RESTRICTIVE TO palisade_connect
    USING (EXISTS (SELECT FROM devices d WHERE d.tenant_id = device_inventories.tenant_id
        AND d.id = device_inventories.device_id AND d.source = 'agentless'))
    WITH CHECK (EXISTS (SELECT FROM devices d WHERE d.tenant_id = device_inventories.tenant_id
        AND d.id = device_inventories.device_id AND d.source = 'agentless'));
CREATE POLICY connect ON device_inventory_parts AS RESTRICTIVE TO palisade_connect
    USING (EXISTS (SELECT FROM devices d WHERE d.tenant_id = device_inventory_parts.tenant_id
        AND d.id = device_inventory_parts.device_id AND d.source = 'agentless'))
    WITH CHECK (EXISTS (SELECT FROM devices d WHERE d.tenant_id = device_inventory_parts.tenant_id
        AND d.id = device_inventory_parts.device_id AND d.source = 'agentless'));
GRANT SELECT ON devices TO palisade_connect;
GRANT INSERT (tenant_id, id, subscription_id, source, machine_id, name, os_platform, os_distribution, os_version,
        kernel, architecture, sensor_version, scope, ip_addresses, facts, first_seen, last_seen, enrolled_at)
    ON devices TO palisade_connect;
GRANT UPDATE (status, subscription_id, name, os_platform, os_distribution, os_version, kernel, architecture,
        ip_addresses, facts, last_seen)
    ON devices TO palisade_connect;
GRANT SELECT, INSERT, DELETE ON device_inventories, device_inventory_parts TO palisade_connect;
GRANT UPDATE (taken_at, received_at, parts, left_out, complete) ON device_inventories TO palisade_connect;
GRANT UPDATE (digest, body, received_at) ON device_inventory_parts TO palisade_connect;

GRANT UPDATE (agentless) ON machines TO palisade_api;
GRANT SELECT ON machine_scans, machine_scan_log TO palisade_api;
GRANT SELECT, INSERT ON machine_scans TO palisade_estate;
GRANT UPDATE (wanted_at, lease_until, worker, next_at, state, code, message, changed_at)
    ON machine_scans TO palisade_estate;
GRANT SELECT (tenant_id, id, device_id) ON machines TO palisade_vuln;
GRANT SELECT (tenant_id, device_id, received_at) ON device_inventories TO palisade_estate;
GRANT SELECT ON machine_scans TO palisade_connect;
GRANT UPDATE (wanted_at, lease_until, worker, tried_at, scanned_at, next_at, failures, state, code, message, root,
        packages, changed_at)
    ON machine_scans TO palisade_connect;
GRANT SELECT, INSERT, DELETE ON machine_scan_log TO palisade_connect;
