-- The control database: ids, names and routing. Nothing that a sensor or a customer wrote.

CREATE TABLE tenants (
    id         uuid   PRIMARY KEY,
    name       text   NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    region     text   NOT NULL CHECK (region ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    created_at bigint NOT NULL
);
CREATE UNIQUE INDEX tenants_name ON tenants (lower(name));

CREATE TABLE instance_settings (
    key        text   PRIMARY KEY CHECK (char_length(key) BETWEEN 1 AND 100),
    value      jsonb  NOT NULL,
    updated_at bigint NOT NULL
);

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO palisade_api, palisade_ingest, palisade_lake;
GRANT SELECT ON tenants, instance_settings TO palisade_api, palisade_ingest, palisade_lake;
GRANT INSERT, UPDATE ON instance_settings TO palisade_api;
