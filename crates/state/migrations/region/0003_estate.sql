-- The estate: subscriptions with plans, connectors, machines, what is wrong with them, what is done
-- on them, and what they cost. Instants are microseconds since 1970.

ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_kind_check;
ALTER TABLE subscriptions
    ADD CHECK (kind IN ('direct', 'ssh', 'aws', 'cloud_init')),
    ADD COLUMN external_id  text    NOT NULL DEFAULT '',
    ADD COLUMN owner_tag    text    NOT NULL DEFAULT '',
    -- estate::plan::SubscriptionPlans; null where none was ever taken.
    ADD COLUMN plans        jsonb,
    ADD COLUMN component_on boolean NOT NULL DEFAULT true,
    ADD COLUMN upgrades     boolean NOT NULL DEFAULT true,
    ADD COLUMN other_products text  NOT NULL DEFAULT 'observe' CHECK (other_products IN ('observe', 'leave_alone')),
    -- Tags (`key` or `key=value`) that exclude a machine, and patterns of names that do.
    ADD COLUMN exclusions   jsonb   NOT NULL DEFAULT '[]',
    -- estate::provision::WavePlan of the next roll-out.
    ADD COLUMN waves        jsonb,
    ADD COLUMN state        text    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'leaving', 'left')),
    ADD COLUMN changed_at   bigint  NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX subscriptions_name ON subscriptions (tenant_id, lower(name)) WHERE state <> 'left';

CREATE TABLE resource_groups (
    tenant_id       uuid   NOT NULL,
    id              uuid   NOT NULL,
    subscription_id uuid   NOT NULL,
    name            text   NOT NULL,
    tags            jsonb  NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, name),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);

CREATE TABLE connectors (
    tenant_id       uuid    NOT NULL,
    id              uuid    NOT NULL,
    subscription_id uuid    NOT NULL,
    kind            text    NOT NULL CHECK (kind IN ('ssh', 'aws', 'cloud_init')),
    name            text    NOT NULL,
    settings        jsonb   NOT NULL,
    -- Sealed to the connect process's key; null where an agent or the host has the credential.
    secret          bytea,
    -- planned: machines are listed, nothing is installed; rolling: the estate process may act.
    state           text    NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'active', 'revoked')),
    created_at      bigint  NOT NULL,
    changed_at      bigint  NOT NULL,
    list_wanted_at  bigint,
    last_listed     bigint,
    last_error      jsonb,
    checks          jsonb   NOT NULL DEFAULT '[]',
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);

CREATE TABLE connector_host_keys (
    tenant_id    uuid   NOT NULL,
    connector_id uuid   NOT NULL,
    -- As known_hosts writes it: `host` or `[host]:port`.
    host         text   NOT NULL,
    key_type     text   NOT NULL,
    key          text   NOT NULL,
    fingerprint  text   NOT NULL,
    seen_at      bigint NOT NULL,
    confirmed_at bigint,
    confirmed_by text,
    PRIMARY KEY (tenant_id, connector_id, host, key_type),
    FOREIGN KEY (tenant_id, connector_id) REFERENCES connectors (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE machines (
    tenant_id         uuid    NOT NULL,
    id                uuid    NOT NULL,
    subscription_id   uuid    NOT NULL,
    resource_group_id uuid,
    connector_id      uuid,
    name              text    NOT NULL,
    cloud_id          text    NOT NULL DEFAULT '',
    hardware_id       text    NOT NULL DEFAULT '',
    -- How its connector reaches it.
    place             jsonb   NOT NULL DEFAULT '{}',
    -- estate::machine::OsFacts.
    os                jsonb   NOT NULL DEFAULT '{"family": "unknown"}',
    image             text    NOT NULL DEFAULT '',
    addresses         text[]  NOT NULL DEFAULT '{}',
    tags              jsonb   NOT NULL DEFAULT '{}',
    owner             text    NOT NULL DEFAULT '',
    power             text    NOT NULL DEFAULT 'unknown',
    power_since       bigint  NOT NULL,
    plan_override     jsonb,
    -- What a person excluded it by, in words.
    exclusion         text,
    offboarded_at     bigint,
    retired_at        bigint,
    device_id         text,
    first_seen        bigint  NOT NULL,
    last_listed       bigint,
    changed_at        bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, connector_id) REFERENCES connectors (tenant_id, id)
);
CREATE UNIQUE INDEX machines_cloud ON machines (tenant_id, cloud_id) WHERE cloud_id <> '' AND retired_at IS NULL;
CREATE UNIQUE INDEX machines_device ON machines (tenant_id, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX machines_changed ON machines (tenant_id, changed_at);
CREATE INDEX machines_name ON machines (tenant_id, left(lower(name), 100), id);
CREATE INDEX machines_subscription ON machines (tenant_id, subscription_id);

ALTER TABLE devices ADD COLUMN touched_at bigint NOT NULL DEFAULT 0;
-- When it enrolled, last: a heartbeat before that is of an earlier identity.
ALTER TABLE devices ADD COLUMN enrolled_at bigint NOT NULL DEFAULT 0;
UPDATE devices SET enrolled_at = first_seen;
CREATE INDEX devices_touched ON devices (tenant_id, touched_at);
CREATE FUNCTION touch_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The database's own clock: readers follow it with some overlap, whoever wrote.
    NEW.touched_at := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    RETURN NEW;
END
$$;
CREATE TRIGGER devices_touched BEFORE INSERT OR UPDATE ON devices
    FOR EACH ROW EXECUTE FUNCTION touch_device();

-- What the estate process keeps between steps; nobody else writes it.
CREATE TABLE machine_state (
    tenant_id    uuid    NOT NULL,
    machine_id   uuid    NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    -- estate::provision::Machine.
    reconciler   jsonb   NOT NULL,
    -- estate::health::Tracker.
    tracker      jsonb   NOT NULL,
    status       text    NOT NULL CHECK (status IN ('healthy', 'unhealthy', 'not_applicable', 'pending')),
    extension    text    NOT NULL CHECK (extension IN ('on', 'off', 'partial')),
    progress     text    NOT NULL,
    -- What is under way on it, for people.
    doing        text    NOT NULL DEFAULT '',
    -- estate::plan::Effective.
    plan         jsonb   NOT NULL DEFAULT '{}',
    -- The last preflight's estate::provision::HostReport.
    report       jsonb,
    reported_at  bigint,
    evaluated_at bigint  NOT NULL,
    changed_at   bigint  NOT NULL,
    PRIMARY KEY (tenant_id, machine_id),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX machine_state_status ON machine_state (tenant_id, status, machine_id);
CREATE INDEX machine_state_changed ON machine_state (tenant_id, changed_at);

CREATE TABLE findings (
    tenant_id      uuid   NOT NULL,
    machine_id     uuid   NOT NULL,
    code           text   NOT NULL,
    kind           text   NOT NULL CHECK (kind IN ('installation', 'heartbeat', 'not_applicable')),
    weight         text   NOT NULL,
    since          bigint NOT NULL,
    last_evaluated bigint NOT NULL,
    source         text   NOT NULL,
    message        text   NOT NULL,
    evidence       jsonb  NOT NULL,
    PRIMARY KEY (tenant_id, machine_id, code),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX findings_code ON findings (tenant_id, code, machine_id);

CREATE TABLE finding_history (
    tenant_id  uuid   NOT NULL,
    machine_id uuid   NOT NULL,
    code       text   NOT NULL,
    kind       text   NOT NULL,
    raised_at  bigint NOT NULL,
    cleared_at bigint,
    message    text   NOT NULL,
    PRIMARY KEY (tenant_id, machine_id, code, raised_at),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX finding_history_when ON finding_history (tenant_id, machine_id, raised_at DESC);

-- What people ask of the reconciler; it applies each once.
CREATE TABLE estate_requests (
    tenant_id    uuid   NOT NULL,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    machine_id   uuid,
    subscription_id uuid,
    verb         text   NOT NULL,
    requested_by text   NOT NULL,
    requested_at bigint NOT NULL,
    applied_at   bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX estate_requests_open ON estate_requests (tenant_id, id) WHERE applied_at IS NULL;

-- What the connect process shall do on machines.
CREATE TABLE tasks (
    tenant_id    uuid   NOT NULL,
    id           uuid   NOT NULL,
    machine_id   uuid   NOT NULL,
    connector_id uuid   NOT NULL,
    -- estate::provision::TaskId and Action.
    number       bigint NOT NULL,
    action       jsonb  NOT NULL,
    state        text   NOT NULL CHECK (state IN ('queued', 'running', 'done', 'applied')),
    created_at   bigint NOT NULL,
    deadline     bigint NOT NULL,
    lease_until  bigint,
    worker       text,
    outcome      jsonb,
    finished_at  bigint,
    -- By this the machine itself may report, where its cloud cuts what a command prints.
    token_hash   bytea  UNIQUE CHECK (octet_length(token_hash) = 32),
    report       bytea  CHECK (octet_length(report) <= 262144),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX tasks_open ON tasks (tenant_id, created_at) WHERE state IN ('queued', 'running');
CREATE INDEX tasks_done ON tasks (tenant_id, finished_at) WHERE state = 'done';
CREATE INDEX tasks_machine ON tasks (tenant_id, machine_id, created_at DESC);

-- One roll-out a subscription: estate::provision::Rollout.
CREATE TABLE rollouts (
    tenant_id       uuid   NOT NULL,
    subscription_id uuid   NOT NULL,
    rollout         jsonb  NOT NULL,
    begun_by        text   NOT NULL,
    begun_at        bigint NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);

ALTER TABLE enrolment_tokens
    ADD COLUMN machine_id      uuid,
    ADD COLUMN subscription_id uuid,
    ADD COLUMN cloud_id        text NOT NULL DEFAULT '';

-- Facts that hours are computed from: what changed, and when. estate::metering::Timeline.
CREATE TABLE meter_facts (
    tenant_id  uuid   NOT NULL,
    machine_id uuid   NOT NULL,
    kind       text   NOT NULL CHECK (kind IN ('power', 'placed', 'entitled', 'owned')),
    at         bigint NOT NULL,
    value      jsonb  NOT NULL,
    PRIMARY KEY (tenant_id, machine_id, kind, at)
);
CREATE TABLE meter_heard (
    tenant_id  uuid   NOT NULL,
    machine_id uuid   NOT NULL,
    from_at    bigint NOT NULL,
    to_at      bigint NOT NULL CHECK (to_at >= from_at),
    PRIMARY KEY (tenant_id, machine_id, from_at)
);
CREATE TABLE usage_hours (
    tenant_id       uuid    NOT NULL,
    machine_id      uuid    NOT NULL,
    -- Hours since 1970, UTC.
    hour            bigint  NOT NULL,
    product         text    NOT NULL CHECK (product IN ('servers', 'posture')),
    plan            text    NOT NULL,
    subscription_id uuid    NOT NULL,
    owner           text    NOT NULL,
    trial           boolean NOT NULL,
    micros          bigint  NOT NULL CHECK (micros BETWEEN 0 AND 3600000000),
    PRIMARY KEY (tenant_id, machine_id, hour, product)
);
CREATE INDEX usage_hours_when ON usage_hours (tenant_id, hour, subscription_id);
CREATE TABLE rate_cards (
    tenant_id  uuid   NOT NULL,
    id         uuid   NOT NULL,
    card       jsonb  NOT NULL,
    effective  bigint NOT NULL,
    created_by text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE tenant_settings (
    tenant_id  uuid   NOT NULL,
    key        text   NOT NULL CHECK (char_length(key) BETWEEN 1 AND 100),
    value      jsonb  NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'resource_groups', 'connectors', 'connector_host_keys', 'machines', 'machine_state', 'findings',
        'finding_history', 'estate_requests', 'tasks', 'rollouts', 'meter_facts', 'meter_heard',
        'usage_hours', 'rate_cards', 'tenant_settings'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO palisade_estate, palisade_connect;
GRANT SELECT ON presence TO palisade_estate;
GRANT SELECT ON devices TO palisade_estate;

-- People decide through the API.
GRANT INSERT, UPDATE ON subscriptions TO palisade_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_groups, connectors, connector_host_keys TO palisade_api;
GRANT SELECT ON machines, machine_state, findings, finding_history, tasks, usage_hours, rollouts, estate_requests
    TO palisade_api;
GRANT INSERT ON machines TO palisade_api;
GRANT UPDATE (subscription_id, resource_group_id, tags, owner, plan_override, exclusion, offboarded_at, changed_at)
    ON machines TO palisade_api;
GRANT INSERT ON estate_requests TO palisade_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_settings, rate_cards TO palisade_api;

-- The estate process: no credential, no person.
GRANT SELECT ON subscriptions, tenant_settings, rate_cards TO palisade_estate;
GRANT SELECT (tenant_id, id, subscription_id, kind, name, state, changed_at) ON connectors TO palisade_estate;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON machines, machine_state, findings, finding_history, tasks, rollouts, meter_facts, meter_heard, usage_hours
    TO palisade_estate;
GRANT SELECT ON estate_requests TO palisade_estate;
GRANT UPDATE (applied_at) ON estate_requests TO palisade_estate;
GRANT SELECT, UPDATE (revoked_at) ON device_certificates TO palisade_estate;
GRANT UPDATE (status, subscription_id) ON devices TO palisade_estate;

-- The connect process: what it needs to reach a machine, and where to write what came of it.
GRANT SELECT ON subscriptions, connectors, connector_host_keys, machines, tasks TO palisade_connect;
GRANT UPDATE (last_listed, last_error, checks, list_wanted_at) ON connectors TO palisade_connect;
GRANT INSERT, UPDATE ON connector_host_keys TO palisade_connect;
GRANT INSERT ON machines TO palisade_connect;
GRANT UPDATE (name, place, os, image, addresses, tags, owner, power, power_since, last_listed, retired_at, changed_at,
        connector_id, subscription_id)
    ON machines TO palisade_connect;
GRANT UPDATE (state, lease_until, worker, outcome, finished_at, token_hash) ON tasks TO palisade_connect;
GRANT SELECT, INSERT ON enrolment_tokens TO palisade_connect;

-- Ingest: a device that enrols is linked to the machine that its token names.
GRANT SELECT ON machines, tasks TO palisade_ingest;
GRANT UPDATE (device_id, changed_at) ON machines TO palisade_ingest;
GRANT UPDATE (report) ON tasks TO palisade_ingest;
GRANT UPDATE (subscription_id, enrolled_at) ON devices TO palisade_ingest;
