-- What changed the organisation's exposure, who is told, and how that went. Instants are microseconds since 1970.

-- The event timeline. Written with an assessment, in its transaction, and by the api for remediations.
CREATE TABLE vulnerability_events (
    tenant_id       uuid    NOT NULL,
    -- Made from what happened, so that a replay writes nothing twice.
    id              uuid    NOT NULL,
    at              bigint  NOT NULL,
    -- estate::notify's EventKind and SubjectType.
    kind            text    NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 40),
    subject_type    text    NOT NULL CHECK (char_length(subject_type) BETWEEN 1 AND 40),
    subject         text    NOT NULL,
    title           text    NOT NULL,
    -- critical, high, medium, low, none, unknown; empty where it makes no sense
    severity        text    NOT NULL,
    exploited       boolean NOT NULL,
    -- A roaring bitmap over device_ordinals of those that it concerns.
    devices         bytea   NOT NULL,
    device_count    integer NOT NULL,
    -- The organisation's exposure before and after the assessment that found it.
    exposure_before double precision,
    exposure_after  double precision,
    -- How much of that is its own; null where other events came with it.
    effect          double precision,
    detail          jsonb   NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX vulnerability_events_at ON vulnerability_events (tenant_id, at DESC, id);
CREATE INDEX vulnerability_events_subject ON vulnerability_events (tenant_id, subject, at DESC);

-- How far the timeline is: what the next assessment is compared with, besides its own tables.
CREATE TABLE vulnerability_timelines (
    tenant_id   uuid    NOT NULL PRIMARY KEY,
    assessed_at bigint  NOT NULL,
    devices     integer NOT NULL,
    -- The exposure that was last told; null before there was one.
    exposure    double precision
);

-- Where something is sent. What is secret of it is sealed: only the connect process opens it.
CREATE TABLE notification_webhooks (
    tenant_id  uuid    NOT NULL,
    id         uuid    NOT NULL,
    name       text    NOT NULL,
    -- Scheme, host and port; the rest of an address may be a secret.
    origin     text    NOT NULL,
    -- palisade, chat, jira, servicenow
    format     text    NOT NULL CHECK (format IN ('palisade', 'chat', 'jira', 'servicenow')),
    -- estate::notify's WebhookSettings.
    settings   jsonb   NOT NULL,
    -- Names of the further headers; their values are sealed.
    headers    text[]  NOT NULL,
    -- Sealed: the address; the signing secret with the headers. Wiped when it ends.
    target     bytea,
    secret     bytea,
    -- Whether tickets are opened here.
    tickets    boolean NOT NULL,
    enabled    boolean NOT NULL,
    created_by text    NOT NULL,
    created_at bigint  NOT NULL,
    changed_at bigint  NOT NULL,
    deleted_at bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX notification_webhooks_name ON notification_webhooks (tenant_id, lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE notification_rules (
    tenant_id      uuid    NOT NULL,
    id             uuid    NOT NULL,
    name           text    NOT NULL,
    enabled        boolean NOT NULL,
    kinds          text[]  NOT NULL,
    severity       text    NOT NULL,
    exploited_only boolean NOT NULL,
    least_devices  integer NOT NULL CHECK (least_devices BETWEEN 0 AND 1000000),
    -- Only devices of this group; null: all. Where the group is gone, nothing matches.
    group_id       uuid,
    webhooks       uuid[]  NOT NULL,
    created_by     text    NOT NULL,
    created_at     bigint  NOT NULL,
    changed_at     bigint  NOT NULL,
    last_fired_at  bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX notification_rules_name ON notification_rules (tenant_id, lower(name));

CREATE TABLE notification_deliveries (
    tenant_id    uuid    NOT NULL,
    id           uuid    NOT NULL,
    webhook_id   uuid    NOT NULL,
    -- Null for tests and tickets.
    rule_id      uuid,
    rule         text    NOT NULL,
    -- events, ticket, test
    type         text    NOT NULL CHECK (type IN ('events', 'ticket', 'test')),
    -- What a ticket is about, `remediation:<id>`; empty for the others.
    subject      text    NOT NULL,
    title        text    NOT NULL,
    -- estate::notify's Document.
    document     jsonb   NOT NULL,
    state        text    NOT NULL CHECK (state IN ('queued', 'sending', 'retrying', 'delivered', 'dead')),
    attempts     integer NOT NULL DEFAULT 0,
    created_at   bigint  NOT NULL,
    -- When it is tried, or tried again.
    next_at      bigint  NOT NULL,
    attempted_at bigint,
    finished_at  bigint,
    lease_until  bigint,
    worker       text,
    last_status  integer,
    error_code   text    NOT NULL DEFAULT '',
    error        text    NOT NULL DEFAULT '',
    ticket_key   text    NOT NULL DEFAULT '',
    ticket_url   text    NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES notification_webhooks (tenant_id, id)
);
CREATE INDEX notification_deliveries_open ON notification_deliveries (tenant_id, next_at)
    WHERE state IN ('queued', 'sending', 'retrying');
CREATE INDEX notification_deliveries_made ON notification_deliveries (tenant_id, created_at DESC, id DESC);
CREATE INDEX notification_deliveries_tried ON notification_deliveries (tenant_id, attempted_at)
    WHERE attempted_at IS NOT NULL;
-- One ticket for a subject in a system, unless the one before was given up.
CREATE UNIQUE INDEX notification_deliveries_ticket ON notification_deliveries (tenant_id, subject, webhook_id)
    WHERE type = 'ticket' AND state <> 'dead';

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['vulnerability_events', 'vulnerability_timelines', 'notification_webhooks',
        'notification_rules', 'notification_deliveries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

-- The vuln process writes the timeline and queues what rules want to hear of; it reads no secret, not even a sealed one.
GRANT SELECT, INSERT, DELETE ON vulnerability_events TO palisade_vuln;
GRANT SELECT, INSERT, UPDATE (assessed_at, devices, exposure) ON vulnerability_timelines TO palisade_vuln;
GRANT SELECT ON notification_rules TO palisade_vuln;
GRANT UPDATE (last_fired_at) ON notification_rules TO palisade_vuln;
GRANT SELECT (tenant_id, id, name, format, tickets, enabled, deleted_at) ON notification_webhooks TO palisade_vuln;
GRANT SELECT, INSERT ON notification_deliveries TO palisade_vuln;

-- People decide through the api, which can seal secrets and not read them.
GRANT SELECT, INSERT ON vulnerability_events TO palisade_api;
GRANT SELECT ON vulnerability_timelines TO palisade_api;
GRANT SELECT (tenant_id, id, name, origin, format, settings, headers, tickets, enabled, created_by, created_at,
        changed_at, deleted_at)
    ON notification_webhooks TO palisade_api;
GRANT INSERT ON notification_webhooks TO palisade_api;
GRANT UPDATE (name, origin, settings, headers, target, secret, tickets, enabled, changed_at, deleted_at)
    ON notification_webhooks TO palisade_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification_rules TO palisade_api;
GRANT SELECT, INSERT ON notification_deliveries TO palisade_api;
GRANT UPDATE (state, attempts, next_at, finished_at, error_code, error) ON notification_deliveries TO palisade_api;

-- The connect process sends. It reads where and what, and writes how that went.
GRANT SELECT ON notification_webhooks TO palisade_connect;
GRANT SELECT, DELETE ON notification_deliveries TO palisade_connect;
GRANT UPDATE (state, attempts, next_at, attempted_at, finished_at, lease_until, worker, last_status, error_code, error,
        ticket_key, ticket_url)
    ON notification_deliveries TO palisade_connect;
