-- Vulnerable applications that devices warn of or block, and what each device has in force.
-- Instants are microseconds since 1970.

CREATE TABLE application_blocks (
    tenant_id      uuid    NOT NULL,
    id             uuid    NOT NULL,
    -- What it was made for: a recommendation, a vulnerability, or a software that somebody named.
    subject_kind   text    NOT NULL CHECK (subject_kind IN ('recommendation', 'vulnerability', 'software')),
    subject        text    NOT NULL,
    title          text    NOT NULL,
    -- [{"ecosystem":"debian:12","source":"openssl","package":"","introduced":"","fixed":"3.0.20-1"}]
    targets        jsonb   NOT NULL,
    -- Null: on every device.
    group_id       uuid,
    mode           text    NOT NULL CHECK (mode IN ('warn', 'block')),
    message        text    NOT NULL,
    note           text    NOT NULL,
    -- Why it blocks earlier than it should; empty where it does not.
    confirm_reason text    NOT NULL DEFAULT '',
    warning_since  bigint  NOT NULL,
    blocking_since bigint,
    state          text    NOT NULL CHECK (state IN ('active', 'cancelled', 'expired', 'fixed')),
    -- Whether a device ever had such a software: only then can it be fixed everywhere.
    seen_affected  boolean NOT NULL DEFAULT false,
    created_by     text    NOT NULL,
    created_by_id  uuid,
    created_at     bigint  NOT NULL,
    expires_at     bigint  NOT NULL,
    ended_at       bigint,
    ended_by       text    NOT NULL DEFAULT '',
    changed_at     bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX application_blocks_active ON application_blocks (tenant_id) WHERE state = 'active';
CREATE INDEX application_blocks_newest ON application_blocks (tenant_id, created_at, id);

-- The list of rules that a device should have, and the one that it has.
CREATE TABLE application_block_lists (
    tenant_id    uuid    NOT NULL,
    device_id    text    NOT NULL,
    -- SHA-256 of the rules; the revision rises when they change.
    digest       bytea   NOT NULL,
    revision     bigint  NOT NULL,
    -- What the device proved last; 0 before.
    acknowledged bigint  NOT NULL DEFAULT 0,
    acknowledged_at bigint,
    order_id     uuid,
    -- Orders of this revision in a row that came to nothing, and when the next one is given.
    tries        integer NOT NULL DEFAULT 0,
    retry_at     bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, device_id)
);
CREATE INDEX application_block_lists_open ON application_block_lists (tenant_id, retry_at)
    WHERE acknowledged <> revision;

-- What became of a rule on a device.
CREATE TABLE application_block_devices (
    tenant_id uuid    NOT NULL,
    block_id  uuid    NOT NULL,
    device_id text    NOT NULL,
    -- waiting, enforced, watched, not_installed, refused, detect_only, disarmed, failed, released
    state     text    NOT NULL DEFAULT 'waiting',
    rung      text    NOT NULL DEFAULT '',
    files     integer NOT NULL DEFAULT 0,
    -- ["openssl 3.0.17-1"]
    packages  jsonb   NOT NULL DEFAULT '[]',
    -- [{"path":…,"package":…,"code":…,"reason":…}]
    refused   jsonb   NOT NULL DEFAULT '[]',
    code      text    NOT NULL DEFAULT '',
    message   text    NOT NULL DEFAULT '',
    changed_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, block_id, device_id),
    FOREIGN KEY (tenant_id, block_id) REFERENCES application_blocks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX application_block_devices_of ON application_block_devices (tenant_id, device_id);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['application_blocks', 'application_block_lists', 'application_block_devices'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO palisade_api', t);
    END LOOP;
END
$$;

GRANT DELETE ON application_block_devices TO palisade_api;
