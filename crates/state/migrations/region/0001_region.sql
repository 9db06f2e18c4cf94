-- The region database: everything about people and devices of the tenants that live here.
-- Every table is keyed by tenant, and row-level security is forced, for the owner too: a
-- transaction that has not set app.tenant sees no row and can write none.

CREATE TABLE subscriptions (
    tenant_id  uuid    NOT NULL,
    id         uuid    NOT NULL,
    name       text    NOT NULL,
    kind       text    NOT NULL CHECK (kind IN ('direct')),
    is_default boolean NOT NULL DEFAULT false,
    created_at bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX subscriptions_default ON subscriptions (tenant_id) WHERE is_default;

CREATE TABLE users (
    tenant_id       uuid   NOT NULL,
    id              uuid   NOT NULL,
    email           text   NOT NULL CHECK (email = lower(email)),
    name            text   NOT NULL,
    role            text   NOT NULL CHECK (role IN ('administrator', 'reader')),
    state           text   NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
    password_hash   text,
    totp_secret     bytea,
    totp_last_step  bigint,
    created_at      bigint NOT NULL,
    last_sign_in_at bigint,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email),
    CHECK (state <> 'active' OR password_hash IS NOT NULL),
    -- A second factor is compulsory for those who can change things.
    CHECK (state <> 'active' OR role <> 'administrator' OR totp_secret IS NOT NULL)
);

CREATE TABLE sessions (
    tenant_id       uuid   NOT NULL,
    id              uuid   NOT NULL,
    user_id         uuid   NOT NULL,
    token_hash      bytea  NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at      bigint NOT NULL,
    last_used_at    bigint NOT NULL,
    idle_expires_at bigint NOT NULL,
    expires_at      bigint NOT NULL,
    address         text   NOT NULL,
    user_agent      text   NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);

CREATE TABLE api_tokens (
    tenant_id    uuid   NOT NULL,
    id           uuid   NOT NULL,
    -- Null for a token of the instance itself (the local command line).
    user_id      uuid,
    name         text   NOT NULL,
    role         text   NOT NULL CHECK (role IN ('administrator', 'reader')),
    token_hash   bytea  NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at   bigint NOT NULL,
    expires_at   bigint,
    last_used_at bigint,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX api_tokens_user ON api_tokens (tenant_id, user_id);

CREATE TABLE setup_links (
    tenant_id             uuid   NOT NULL,
    id                    uuid   NOT NULL,
    token_hash            bytea  NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    role                  text   NOT NULL CHECK (role IN ('administrator', 'reader')),
    -- Null for the first administrator, who does not exist until the link is used.
    user_id               uuid,
    created_at            bigint NOT NULL,
    expires_at            bigint NOT NULL,
    used_at               bigint,
    session_hash          bytea  UNIQUE,
    session_expires_at    bigint,
    pending_email         text,
    pending_name          text,
    pending_password_hash text,
    pending_totp_secret   bytea,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- Keyed by a hash of the e-mail address, whether or not such a user exists.
CREATE TABLE sign_in_throttle (
    tenant_id     uuid    NOT NULL,
    subject       bytea   NOT NULL CHECK (octet_length(subject) = 32),
    failures      integer NOT NULL,
    last_at       bigint  NOT NULL,
    blocked_until bigint  NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);

CREATE TABLE enrolment_tokens (
    tenant_id    uuid    NOT NULL,
    id           uuid    NOT NULL,
    token_hash   bytea   NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_by   text    NOT NULL,
    created_at   bigint  NOT NULL,
    expires_at   bigint  NOT NULL,
    max_uses     integer NOT NULL CHECK (max_uses > 0),
    uses         integer NOT NULL DEFAULT 0 CHECK (uses BETWEEN 0 AND max_uses),
    last_used_at bigint,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE devices (
    tenant_id         uuid    NOT NULL,
    id                text    NOT NULL CHECK (id ~ '^[0-9a-f]{40}$'),
    subscription_id   uuid    NOT NULL,
    status            text    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'offboarded')),
    name              text    NOT NULL,
    os_platform       text    NOT NULL,
    os_distribution   text    NOT NULL,
    os_version        text    NOT NULL,
    kernel            text    NOT NULL,
    architecture      text    NOT NULL,
    sensor_version    text    NOT NULL,
    scope             text    NOT NULL,
    ip_addresses      text[]  NOT NULL DEFAULT '{}',
    tags              text[]  NOT NULL DEFAULT '{}',
    facts             jsonb   NOT NULL DEFAULT '{}',
    first_seen        bigint  NOT NULL,
    last_seen         bigint  NOT NULL,
    last_event        bigint,
    last_heartbeat    bigint,
    heartbeat         jsonb   NOT NULL DEFAULT '{}',
    components        jsonb   NOT NULL DEFAULT '[]',
    failed_components integer NOT NULL DEFAULT 0,
    last_loss         bigint,
    order_number      bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX devices_name ON devices (tenant_id, lower(name), id);
CREATE INDEX devices_last_seen ON devices (tenant_id, last_seen, id);

CREATE TABLE device_counters (
    tenant_id  uuid   NOT NULL,
    device_id  text   NOT NULL,
    counters   jsonb  NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE device_certificates (
    tenant_id   uuid   NOT NULL,
    serial      text   NOT NULL CHECK (serial ~ '^[0-9a-f]{1,64}$'),
    device_id   text   NOT NULL,
    fingerprint bytea  NOT NULL CHECK (octet_length(fingerprint) = 32),
    not_before  bigint NOT NULL,
    not_after   bigint NOT NULL,
    issued_at   bigint NOT NULL,
    revoked_at  bigint,
    PRIMARY KEY (tenant_id, serial),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX device_certificates_device ON device_certificates (tenant_id, device_id);

CREATE TABLE orders (
    tenant_id       uuid    NOT NULL,
    id              uuid    NOT NULL,
    device_id       text    NOT NULL,
    number          bigint  NOT NULL,
    kind            text    NOT NULL,
    reason          text    NOT NULL,
    state           text    NOT NULL CHECK (state IN ('queued', 'delivered', 'succeeded', 'failed', 'expired')),
    signed          bytea   NOT NULL,
    requested_by    text    NOT NULL,
    requested_by_id uuid,
    created_at      bigint  NOT NULL,
    expires_at      bigint  NOT NULL,
    delivered_at    bigint,
    sent_at         bigint,
    deliveries      integer NOT NULL DEFAULT 0,
    completed_at    bigint,
    receipt         jsonb,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, device_id, number),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX orders_open ON orders (tenant_id, device_id, number) WHERE state IN ('queued', 'delivered');

CREATE TABLE audit_log (
    tenant_id  uuid   NOT NULL,
    id         uuid   NOT NULL,
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    at         bigint NOT NULL,
    actor_kind text   NOT NULL CHECK (actor_kind IN ('user', 'token', 'system', 'anonymous')),
    actor_id   uuid,
    actor_name text   NOT NULL,
    kind       text   NOT NULL,
    outcome    text   NOT NULL CHECK (outcome IN ('success', 'failure')),
    target     text   NOT NULL,
    detail     jsonb  NOT NULL,
    address    text   NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_log_seq ON audit_log (tenant_id, seq DESC);

-- When the server itself could hear sensors, so that its own outage is never held against a device.
CREATE TABLE presence (
    part      text   PRIMARY KEY,
    alive_at  bigint NOT NULL,
    down_from bigint NOT NULL,
    down_to   bigint NOT NULL
);

-- After a transaction that set it, the setting is the empty text in that session, hence nullif.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'subscriptions', 'users', 'sessions', 'api_tokens', 'setup_links', 'sign_in_throttle',
        'enrolment_tokens', 'devices', 'device_counters', 'device_certificates', 'orders', 'audit_log'
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

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO palisade_api, palisade_ingest, palisade_lake;

-- People: only the API, so that nothing else can read a TOTP secret or a password's hash.
GRANT SELECT, INSERT, UPDATE, DELETE
    ON users, sessions, api_tokens, setup_links, sign_in_throttle TO palisade_api;

GRANT SELECT ON subscriptions TO palisade_api, palisade_ingest;

GRANT SELECT, INSERT, DELETE ON enrolment_tokens TO palisade_api;
GRANT SELECT ON enrolment_tokens TO palisade_ingest;
GRANT UPDATE (uses, last_used_at) ON enrolment_tokens TO palisade_ingest;

GRANT SELECT ON devices TO palisade_api, palisade_ingest, palisade_lake;
GRANT UPDATE (tags, status, subscription_id, order_number) ON devices TO palisade_api;
GRANT INSERT ON devices TO palisade_ingest;
GRANT UPDATE (
        name, os_platform, os_distribution, os_version, kernel, architecture, sensor_version, scope,
        ip_addresses, facts, last_seen, last_event, last_heartbeat, heartbeat, components,
        failed_components, last_loss
    ) ON devices TO palisade_ingest, palisade_lake;
-- A machine that enrols anew comes back from offboarding.
GRANT UPDATE (status) ON devices TO palisade_ingest;

GRANT SELECT ON device_counters TO palisade_api;
GRANT SELECT, INSERT, UPDATE ON device_counters TO palisade_ingest, palisade_lake;

GRANT SELECT, INSERT ON device_certificates TO palisade_ingest;
GRANT SELECT ON device_certificates TO palisade_api;
GRANT UPDATE (revoked_at) ON device_certificates TO palisade_api;

GRANT SELECT, INSERT ON orders TO palisade_api;
GRANT UPDATE (state, completed_at) ON orders TO palisade_api;
GRANT SELECT ON orders TO palisade_ingest, palisade_lake;
GRANT UPDATE (state, delivered_at, sent_at, deliveries, completed_at, receipt) ON orders TO palisade_ingest;
GRANT UPDATE (state, completed_at, receipt) ON orders TO palisade_lake;

-- Append only, for the owner too.
REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM palisade_owner;
GRANT SELECT, INSERT ON audit_log TO palisade_api;
GRANT INSERT ON audit_log TO palisade_ingest;

GRANT SELECT ON presence TO palisade_api, palisade_lake;
GRANT SELECT, INSERT, UPDATE ON presence TO palisade_ingest;
