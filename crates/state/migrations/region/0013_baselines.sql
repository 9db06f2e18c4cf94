-- Security baselines: which profiles a tenant made and for which devices, what devices found, and the secure score.
-- Results themselves are parts of inventories (`device_inventory_parts`, `baseline/<profile>`); what is here is derived
-- from them by the vuln process, but for the first three tables. Instants are microseconds since 1970.

-- Profiles that people made. Those that come with the product are in no table.
CREATE TABLE baseline_profiles (
    tenant_id  uuid    NOT NULL,
    name       text    NOT NULL,
    -- baseline::Profile.
    document   jsonb   NOT NULL,
    -- Rises with each change.
    revision   integer NOT NULL CHECK (revision > 0),
    created_by text    NOT NULL,
    created_at bigint  NOT NULL,
    updated_by text    NOT NULL,
    updated_at bigint  NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- Which devices run a profile, also one that comes with the product.
CREATE TABLE baseline_assignments (
    tenant_id  uuid   NOT NULL,
    id         uuid   NOT NULL,
    profile    text   NOT NULL,
    -- Null: every device.
    group_id   uuid,
    created_by text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES device_groups (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX baseline_assignments_once ON baseline_assignments
    (tenant_id, profile, coalesce(group_id, '00000000-0000-0000-0000-000000000000'));

-- What a device was told to run and has not told results of: until when nothing more is said to it.
CREATE TABLE baseline_orders (
    tenant_id uuid    NOT NULL,
    device_id text    NOT NULL,
    -- Profiles with their revisions.
    wanted    text    NOT NULL,
    attempts  integer NOT NULL,
    next_at   bigint  NOT NULL,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

-- A profile's last run on a device.
CREATE TABLE device_baselines (
    tenant_id      uuid    NOT NULL,
    device_id      text    NOT NULL,
    profile        text    NOT NULL,
    -- The word that the order brought; empty for what the sensor has by itself.
    revision       text    NOT NULL,
    by_default     boolean NOT NULL,
    ran_at         bigint  NOT NULL,
    system         text    NOT NULL,
    compliant      integer NOT NULL,
    not_compliant  integer NOT NULL,
    not_applicable integer NOT NULL,
    not_evaluated  integer NOT NULL,
    -- Why it was not run; empty where it was.
    error          text    NOT NULL,
    changed_at     bigint  NOT NULL,
    PRIMARY KEY (tenant_id, device_id, profile)
);
CREATE INDEX device_baselines_profile ON device_baselines (tenant_id, profile);

-- A profile's check: roaring bitmaps over device_ordinals, of how it ended where.
CREATE TABLE baseline_checks (
    tenant_id      uuid   NOT NULL,
    profile        text   NOT NULL,
    check_id       text   NOT NULL,
    compliant      bytea  NOT NULL,
    not_compliant  bytea  NOT NULL,
    not_applicable bytea  NOT NULL,
    not_evaluated  bytea  NOT NULL,
    changed_at     bigint NOT NULL,
    PRIMARY KEY (tenant_id, profile, check_id)
);

-- A profile's compliance over all devices, as it was last on each day.
CREATE TABLE baseline_history (
    tenant_id         uuid    NOT NULL,
    profile           text    NOT NULL,
    -- When the day began.
    day               bigint  NOT NULL,
    devices           integer NOT NULL,
    compliant_devices integer NOT NULL,
    compliant         bigint  NOT NULL,
    not_compliant     bigint  NOT NULL,
    PRIMARY KEY (tenant_id, profile, day)
);

-- Secure score of a device, 0 to 100, higher is better; null where nothing applies.
CREATE TABLE device_secure_scores (
    tenant_id         uuid             NOT NULL,
    device_id         text             NOT NULL,
    score             double precision,
    application       double precision,
    os                double precision,
    network           double precision,
    accounts          double precision,
    security_controls double precision,
    -- Impacts of all checks that apply.
    possible          integer          NOT NULL,
    weight            double precision NOT NULL CHECK (weight > 0),
    evaluated_at      bigint           NOT NULL,
    PRIMARY KEY (tenant_id, device_id)
);

-- What the secure score is made of, after exceptions: checks, certificates, systems without support.
CREATE TABLE secure_checks (
    tenant_id  uuid    NOT NULL,
    -- `configure/<check>`, `certificate/<sha256>`, `uninstall/…`: the recommendation's id.
    cause      text    NOT NULL,
    title      text    NOT NULL,
    category   text    NOT NULL,
    impact     integer NOT NULL,
    -- Roaring bitmaps over device_ordinals.
    passed     bytea   NOT NULL,
    failed     bytea   NOT NULL,
    changed_at bigint  NOT NULL,
    PRIMARY KEY (tenant_id, cause)
);

-- The organisation's secure score as it was last in each hour, and why it changed in it.
CREATE TABLE secure_score_history (
    tenant_id  uuid             NOT NULL,
    at         bigint           NOT NULL,
    score      double precision NOT NULL,
    categories jsonb            NOT NULL,
    devices    integer          NOT NULL,
    -- {"<cause>": points}: recommendations' ids, joined, left, criticality.
    changes    jsonb            NOT NULL,
    PRIMARY KEY (tenant_id, at)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['baseline_profiles', 'baseline_assignments', 'baseline_orders', 'device_baselines',
        'baseline_checks', 'baseline_history', 'device_secure_scores', 'secure_checks', 'secure_score_history'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
        EXECUTE format('GRANT SELECT ON %I TO palisade_api, palisade_vuln', t);
    END LOOP;
END
$$;

GRANT INSERT, UPDATE, DELETE ON baseline_profiles, baseline_assignments, baseline_orders TO palisade_api;
GRANT INSERT, UPDATE, DELETE ON device_baselines, baseline_checks, baseline_history, device_secure_scores,
    secure_checks, secure_score_history TO palisade_vuln;
