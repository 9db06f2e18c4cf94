-- Regions. A tenant's region is given when the tenant is made and never changes: its rows, its log
-- and its lake lie there, and no statement could take them along.

CREATE FUNCTION tenant_region_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the region of tenant % is %', OLD.name, OLD.region USING ERRCODE = 'PALRF';
END
$$;
CREATE TRIGGER tenants_region_fixed BEFORE UPDATE OF region ON tenants
    FOR EACH ROW WHEN (OLD.region IS DISTINCT FROM NEW.region)
    EXECUTE FUNCTION tenant_region_is_fixed();

-- A tenant makes itself when its first subscription connects, which is a call of the API.
GRANT INSERT ON tenants TO palisade_api;

-- What is done to tenants as a whole, by whoever is root on the server. It outlives a tenant, so it
-- names one by its name and by a hash of its id, never by the id.
CREATE TABLE instance_audit (
    id     uuid   PRIMARY KEY,
    seq    bigint GENERATED ALWAYS AS IDENTITY,
    at     bigint NOT NULL,
    actor  text   NOT NULL,
    kind   text   NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 100),
    target text   NOT NULL CHECK (char_length(target) <= 300),
    detail jsonb  NOT NULL
);
-- Append only, for the owner too.
REVOKE UPDATE, DELETE, TRUNCATE ON instance_audit FROM palisade_owner;

-- A subscription on its way to another tenant. Ids only: what it is called and what it holds is said
-- in the two regions, each for itself.
CREATE TABLE transfers (
    id              uuid    PRIMARY KEY,
    from_tenant     uuid    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    subscription_id uuid    NOT NULL,
    to_tenant       uuid    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- The one that was made for it in the other tenant.
    successor_id    uuid    NOT NULL,
    state           text    NOT NULL CHECK (state IN ('prepared', 'offboarded', 're_enrolling', 'done', 'cancelled')),
    machines        integer NOT NULL DEFAULT 0,
    created_at      bigint  NOT NULL,
    changed_at      bigint  NOT NULL,
    CHECK (from_tenant <> to_tenant)
);
CREATE UNIQUE INDEX transfers_open ON transfers (from_tenant, subscription_id)
    WHERE state NOT IN ('done', 'cancelled');
