-- Hours added up by days (UTC), so that a month of ten thousand machines is read in a moment. The meter
-- keeps them with the hours, in the same transaction; an answer takes whole days from here.
CREATE TABLE usage_days (
    tenant_id       uuid    NOT NULL,
    machine_id      uuid    NOT NULL,
    -- Days since 1970.
    day             bigint  NOT NULL,
    product         text    NOT NULL,
    plan            text    NOT NULL,
    subscription_id uuid    NOT NULL,
    owner           text    NOT NULL,
    trial           boolean NOT NULL,
    hours           bigint  NOT NULL CHECK (hours BETWEEN 1 AND 24),
    PRIMARY KEY (tenant_id, machine_id, day, product, plan, subscription_id, owner, trial)
);
CREATE INDEX usage_days_when ON usage_days (tenant_id, day, subscription_id);

-- The owner sees rows of every tenant only while row-level security is not forced upon it.
ALTER TABLE usage_hours NO FORCE ROW LEVEL SECURITY;
INSERT INTO usage_days
SELECT tenant_id, machine_id, hour / 24, product, plan, subscription_id, owner, trial, count(*)
FROM usage_hours
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
ALTER TABLE usage_hours FORCE ROW LEVEL SECURITY;

ALTER TABLE usage_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON usage_days
    USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

GRANT SELECT ON usage_days TO palisade_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_days TO palisade_estate;
