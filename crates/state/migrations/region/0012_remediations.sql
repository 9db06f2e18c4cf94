-- Recommendations that somebody has taken on: who, until when, and how the sensors carry them out.
-- Instants are microseconds since 1970.

CREATE TABLE remediations (
    tenant_id         uuid    NOT NULL,
    id                uuid    NOT NULL,
    recommendation_id text    NOT NULL,
    -- What the recommendation said when it was taken on.
    kind              text    NOT NULL,
    title             text    NOT NULL,
    product           text    NOT NULL,
    -- `debian:12`, `npm`; how its versions are ordered.
    ecosystem         text    NOT NULL,
    -- The version that fixes; empty where there is none.
    target            text    NOT NULL,
    severity          text    NOT NULL,
    -- By how much the organisation's exposure was to fall.
    effect            double precision NOT NULL,
    owner             text    NOT NULL,
    due_at            bigint,
    priority          text    NOT NULL CHECK (priority IN ('low', 'medium', 'high')),
    note              text    NOT NULL,
    state             text    NOT NULL CHECK (state IN
        ('requested', 'running', 'checked', 'paused', 'stopped', 'completed', 'cancelled')),
    -- vuln::remediation::Plan with what else was said; null where people do it by themselves.
    run               jsonb,
    -- Why it stands still or has stopped, as a code and in words.
    reason_code       text    NOT NULL DEFAULT '',
    reason            text    NOT NULL DEFAULT '',
    created_by        text    NOT NULL,
    created_by_id     uuid,
    created_at        bigint  NOT NULL,
    approved_by       text,
    approved_at       bigint,
    completed_at      bigint,
    measured_at       bigint,
    changed_at        bigint  NOT NULL,
    -- One process at a time carries it forward.
    leased_until      bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX remediations_open ON remediations (tenant_id) WHERE state NOT IN ('completed', 'cancelled');
CREATE INDEX remediations_of ON remediations (tenant_id, recommendation_id);

-- The devices that needed it when it was taken on.
CREATE TABLE remediation_devices (
    tenant_id      uuid    NOT NULL,
    remediation_id uuid    NOT NULL,
    device_id      text    NOT NULL,
    -- vuln::remediation::Step
    step           text    NOT NULL DEFAULT 'waiting',
    since          bigint  NOT NULL,
    -- Orders in a row that it did not fetch.
    missed         integer NOT NULL DEFAULT 0,
    canary         boolean NOT NULL DEFAULT false,
    order_id       uuid,
    code           text    NOT NULL DEFAULT '',
    message        text    NOT NULL DEFAULT '',
    -- What the device proved last.
    proof          jsonb,
    -- The versions that the update replaced, to go back to.
    versions       jsonb,
    -- Since when the inventory shows that it is fixed; null where it does not.
    fixed_at       bigint,
    PRIMARY KEY (tenant_id, remediation_id, device_id),
    FOREIGN KEY (tenant_id, remediation_id) REFERENCES remediations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX remediation_devices_of ON remediation_devices (tenant_id, device_id);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['remediations', 'remediation_devices'] LOOP
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
