-- Rows of queries as files: tickets for a download, exports by the clock and what each run gave;
-- and files that queries read.
-- Instants are microseconds since 1970.

-- What somebody is about to download. Whose it is, is `user:<id>`, or `token:<id>` for a token of the instance itself.
CREATE TABLE hunting_export_tickets (
    tenant_id   uuid    NOT NULL,
    id          uuid    NOT NULL,
    owner       text    NOT NULL,
    query       text    NOT NULL,
    format      text    NOT NULL CHECK (format IN ('csv', 'json', 'jsonl', 'parquet')),
    max_rows    bigint  NOT NULL,
    deadline_ms bigint  NOT NULL,
    file_name   text    NOT NULL,
    created_at  bigint  NOT NULL,
    expires_at  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX hunting_export_tickets_owner ON hunting_export_tickets (tenant_id, owner);

ALTER TABLE hunting_export_tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE hunting_export_tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON hunting_export_tickets
    USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON hunting_export_tickets TO palisade_api;

-- Exports by the clock. Whose one is, is in owner_key as above, or `instance` for an administrator's token of the
-- instance itself.
CREATE TABLE hunting_scheduled_exports (
    tenant_id   uuid     NOT NULL,
    id          uuid     NOT NULL,
    name        text     NOT NULL,
    query       text     NOT NULL,
    format      text     NOT NULL CHECK (format IN ('csv', 'json', 'jsonl', 'parquet')),
    every       text     NOT NULL CHECK (every IN ('hour', 'day', 'week')),
    at_minute   smallint NOT NULL,
    at_hour     smallint,
    on_weekday  smallint,
    keep        smallint NOT NULL,
    enabled     boolean  NOT NULL,
    owner_key   text     NOT NULL,
    -- Null for the instance's own.
    owner_id    uuid,
    owner       text     NOT NULL,
    created_by  text     NOT NULL,
    created_at  bigint   NOT NULL,
    updated_by  text     NOT NULL,
    updated_at  bigint   NOT NULL,
    -- Null where it is switched off.
    next_run_at bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX hunting_scheduled_exports_due ON hunting_scheduled_exports (tenant_id, next_run_at)
    WHERE next_run_at IS NOT NULL;

-- What each run gave. A run that nobody has begun yet has no claimed_at.
CREATE TABLE hunting_export_runs (
    tenant_id  uuid    NOT NULL,
    id         uuid    NOT NULL,
    export_id  uuid    NOT NULL,
    format     text    NOT NULL,
    state      text    NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at bigint  NOT NULL,
    claimed_at bigint,
    ended_at   bigint,
    code       text    NOT NULL DEFAULT '',
    message    text    NOT NULL DEFAULT '',
    rows       bigint  NOT NULL DEFAULT 0,
    bytes      bigint  NOT NULL DEFAULT 0,
    truncated  boolean NOT NULL DEFAULT false,
    sha256     text    NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, export_id) REFERENCES hunting_scheduled_exports (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX hunting_export_runs_newest ON hunting_export_runs (tenant_id, export_id, started_at, id);
CREATE INDEX hunting_export_runs_open ON hunting_export_runs (tenant_id) WHERE state = 'running';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hunting_scheduled_exports', 'hunting_export_runs'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I
            USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)
            WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO palisade_api', name);
    END LOOP;
END $$;

-- Files that queries read by name with externaldata.
CREATE TABLE hunting_uploads (
    tenant_id  uuid   NOT NULL,
    name       text   NOT NULL,
    -- The file's own name on the disk.
    id         uuid   NOT NULL,
    bytes      bigint NOT NULL,
    sha256     text   NOT NULL,
    created_by text   NOT NULL,
    created_at bigint NOT NULL,
    updated_by text   NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

ALTER TABLE hunting_uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE hunting_uploads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON hunting_uploads
    USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON hunting_uploads TO palisade_api;
