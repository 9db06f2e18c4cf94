-- Which security products machines have: what was found, by sensors and by connectors, and what follows.
-- Instants are microseconds since 1970; `touched_at` is the database's own clock, which readers follow.

-- What a sensor last told of its machine: estate::edr::HostFacts.
CREATE TABLE device_products (
    tenant_id  uuid   NOT NULL,
    device_id  text   NOT NULL,
    facts      jsonb  NOT NULL,
    seen_at    bigint NOT NULL,
    touched_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX device_products_touched ON device_products (tenant_id, touched_at);

-- What a connector found on a machine; the estate process asks for a look, the connect process makes it.
CREATE TABLE machine_products (
    tenant_id   uuid   NOT NULL,
    machine_id  uuid   NOT NULL,
    -- Null until a look has succeeded.
    facts       jsonb,
    seen_at     bigint,
    wanted_at   bigint,
    lease_until bigint,
    worker      text,
    tried_at    bigint,
    -- Why the last look failed, with a stable code; null where it did not.
    error_code  text,
    error       text,
    touched_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, machine_id),
    CHECK ((facts IS NULL) = (seen_at IS NULL)),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX machine_products_touched ON machine_products (tenant_id, touched_at);
CREATE INDEX machine_products_wanted ON machine_products (tenant_id, wanted_at) WHERE wanted_at IS NOT NULL;

CREATE FUNCTION touch_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched_at := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    RETURN NEW;
END
$$;
CREATE TRIGGER device_products_touched BEFORE INSERT OR UPDATE ON device_products
    FOR EACH ROW EXECUTE FUNCTION touch_products();
-- Asking for a look tells nothing new of the machine.
CREATE TRIGGER machine_products_touched BEFORE INSERT OR UPDATE OF facts, seen_at, error ON machine_products
    FOR EACH ROW EXECUTE FUNCTION touch_products();

-- How each machine stands with each recommendation; the estate process alone writes it.
CREATE TABLE machine_recommendations (
    tenant_id      uuid    NOT NULL,
    machine_id     uuid    NOT NULL,
    recommendation text    NOT NULL CHECK (recommendation IN ('edr_installed', 'edr_configuration')),
    state          text    NOT NULL CHECK (state IN ('unhealthy', 'healthy', 'not_applicable')),
    reason         text    NOT NULL,
    complete       boolean NOT NULL,
    -- Ids of the EDR solutions that were found; checks that fail, and what those belong to.
    products       text[]  NOT NULL,
    failed         text[]  NOT NULL,
    topics         text[]  NOT NULL,
    -- estate::edr::Assessment.
    assessment     jsonb   NOT NULL,
    -- When and by whom the facts were found that it rests on; null and empty where there are none.
    facts_at       bigint,
    facts_by       text    NOT NULL CHECK (facts_by IN ('', 'sensor', 'connector')),
    since          bigint  NOT NULL,
    evaluated_at   bigint  NOT NULL,
    changed_at     bigint  NOT NULL,
    PRIMARY KEY (tenant_id, machine_id, recommendation),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX machine_recommendations_state
    ON machine_recommendations (tenant_id, recommendation, state, machine_id);
CREATE INDEX machine_recommendations_changed ON machine_recommendations (tenant_id, changed_at);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['device_products', 'machine_products', 'machine_recommendations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON device_products TO palisade_lake;
GRANT SELECT ON device_products TO palisade_estate;
GRANT SELECT, INSERT, UPDATE ON machine_products TO palisade_estate;
GRANT SELECT ON machine_products TO palisade_connect, palisade_api;
GRANT UPDATE (facts, seen_at, wanted_at, lease_until, worker, tried_at, error_code, error)
    ON machine_products TO palisade_connect;
GRANT SELECT, INSERT, UPDATE, DELETE ON machine_recommendations TO palisade_estate;
GRANT SELECT ON machine_recommendations TO palisade_api;
