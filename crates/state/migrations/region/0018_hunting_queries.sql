-- What people keep of their hunting. Instants are microseconds since 1970.

-- Functions that every query of the tenant can call.
CREATE TABLE hunting_functions (
    tenant_id   uuid    NOT NULL,
    name        text    COLLATE "C" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    folder      text    NOT NULL,
    description text    NOT NULL,
    parameters  text    NOT NULL,
    body        text    NOT NULL,
    -- What the compiler said when it was written: whether it gives rows, and [{name, type}] where they are certain.
    tabular     boolean NOT NULL,
    columns     jsonb,
    revision    bigint  NOT NULL CHECK (revision > 0),
    created_by  text    NOT NULL,
    created_at  bigint  NOT NULL,
    updated_by  text    NOT NULL,
    updated_at  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE hunting_queries (
    tenant_id   uuid    NOT NULL,
    id          uuid    NOT NULL,
    name        text    NOT NULL,
    folder      text    NOT NULL,
    description text    NOT NULL,
    query       text    NOT NULL,
    -- Seen by everybody who may hunt; else by its owner only.
    shared      boolean NOT NULL,
    -- The user; for the instance's own token that token.
    owner_id    uuid    NOT NULL,
    owner       text    NOT NULL,
    revision    bigint  NOT NULL CHECK (revision > 0),
    created_at  bigint  NOT NULL,
    updated_by  text    NOT NULL,
    updated_at  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX hunting_queries_own ON hunting_queries (tenant_id, owner_id, lower(folder), lower(name))
    WHERE NOT shared;
CREATE UNIQUE INDEX hunting_queries_shared ON hunting_queries (tenant_id, lower(folder), lower(name)) WHERE shared;
CREATE INDEX hunting_queries_owner ON hunting_queries (tenant_id, owner_id);

-- What each person ran, the newest 1,000.
CREATE TABLE hunting_history (
    tenant_id uuid    NOT NULL,
    id        uuid    NOT NULL,
    -- As hunting_queries.owner_id.
    person    uuid    NOT NULL,
    query     text    NOT NULL,
    ran_at    bigint  NOT NULL,
    state     text    NOT NULL CHECK (state IN ('done', 'failed', 'cancelled')),
    code      text,
    rows      bigint,
    truncated boolean,
    wall_ms   double precision,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX hunting_history_person ON hunting_history (tenant_id, person, ran_at DESC, id DESC);

-- Texts that somebody gave a link to; the id is made of what it says.
CREATE TABLE hunting_links (
    tenant_id  uuid    NOT NULL,
    id         text    NOT NULL,
    query      text    NOT NULL,
    deadline_s integer,
    created_by text    NOT NULL,
    created_at bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['hunting_functions', 'hunting_queries', 'hunting_history', 'hunting_links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON hunting_functions, hunting_queries TO palisade_api;
GRANT SELECT, INSERT, DELETE ON hunting_history TO palisade_api;
GRANT SELECT, INSERT ON hunting_links TO palisade_api;
