-- The lake process says up to when it has read what devices sent, so that its own lag is never held
-- against a device.
GRANT INSERT, UPDATE ON presence TO palisade_lake;

-- Browsers from which a user has signed in before. Their failures are counted apart, so that a
-- stranger who guesses at an address cannot keep its owner out.
CREATE TABLE known_clients (
    tenant_id    uuid   NOT NULL,
    id           uuid   NOT NULL,
    user_id      uuid   NOT NULL,
    token_hash   bytea  NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at   bigint NOT NULL,
    last_used_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX known_clients_user ON known_clients (tenant_id, user_id, last_used_at);
ALTER TABLE known_clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE known_clients FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON known_clients
    USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON known_clients TO palisade_api;

-- The list is sorted by the beginning of a name, so that a cursor has a bound.
DROP INDEX devices_name;
CREATE INDEX devices_name ON devices (tenant_id, left(lower(name), 100), id);
