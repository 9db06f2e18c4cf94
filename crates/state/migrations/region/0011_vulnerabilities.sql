-- What the vuln process concludes from inventories and feeds. It alone writes these tables but the last ones.
-- Instants are microseconds since 1970.

-- Small numbers for devices, so that sets of them are bitmaps. A number is never given again.
CREATE TABLE device_ordinals (
    tenant_id uuid    NOT NULL,
    ordinal   integer NOT NULL,
    device_id text    NOT NULL,
    PRIMARY KEY (tenant_id, ordinal),
    UNIQUE (tenant_id, device_id)
);

-- One package in one version, wherever it is installed: what is matched against advisories, once.
CREATE TABLE components (
    tenant_id      uuid    NOT NULL,
    id             bigint  NOT NULL,
    -- SHA-256 of what makes it this one: vuln::Component's key.
    key            bytea   NOT NULL,
    ecosystem      text    NOT NULL,
    -- Distribution and release, `debian:12`; empty for a language's package.
    release        text    NOT NULL,
    name           text    NOT NULL,
    version        text    NOT NULL,
    source_name    text    NOT NULL,
    source_version text    NOT NULL,
    arch           text    NOT NULL,
    vendor         text    NOT NULL,
    origin         text    NOT NULL,
    -- Roaring bitmaps over device_ordinals: who has it, and on whom it runs or is loaded.
    devices        bytea   NOT NULL,
    running        bytea   NOT NULL,
    device_count   integer NOT NULL,
    running_count  integer NOT NULL,
    -- Whether an advisory source speaks of its ecosystem and release at all: without one, no findings is no
    -- clean bill.
    covered        boolean NOT NULL,
    -- Last day of its support, `YYYY-MM-DD`, where a table of ends of life knows it; else empty.
    end_of_life    text    NOT NULL DEFAULT '',
    first_seen     bigint  NOT NULL,
    changed_at     bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key)
);
CREATE INDEX components_name ON components (tenant_id, name, version);
CREATE INDEX components_source ON components (tenant_id, source_name);
CREATE INDEX components_changed ON components (tenant_id, changed_at);

-- Which components a device has: a roaring bitmap of components.id, and where they lie.
CREATE TABLE device_components (
    tenant_id  uuid   NOT NULL,
    device_id  text   NOT NULL,
    components bytea  NOT NULL,
    -- {"<component id>": ["path", …]} for those that lie at a path of their own (packages of languages).
    paths      jsonb  NOT NULL,
    taken_at   bigint NOT NULL,
    changed_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, device_id)
);

-- What feeds say of a vulnerability that is found somewhere in this tenant.
CREATE TABLE vulnerabilities (
    tenant_id      uuid    NOT NULL,
    -- CVE id where there is one, else the advisory's.
    id             text    NOT NULL,
    title          text    NOT NULL,
    description    text    NOT NULL,
    -- critical, high, medium, low, none, unknown
    severity       text    NOT NULL,
    -- Null where nobody has scored it: unknown, not zero.
    cvss           double precision,
    cvss_vector    text    NOT NULL,
    epss           double precision,
    -- When CISA listed it as exploited; null where it did not.
    kev_added      bigint,
    exploit_public boolean NOT NULL,
    published      bigint,
    modified       bigint,
    aliases        text[]  NOT NULL,
    weaknesses     text[]  NOT NULL,
    links          text[]  NOT NULL,
    -- SSVC, who scored it how, further facts.
    facts          jsonb   NOT NULL,
    device_count   integer NOT NULL,
    fixable        boolean NOT NULL,
    first_seen     bigint  NOT NULL,
    changed_at     bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX vulnerabilities_changed ON vulnerabilities (tenant_id, changed_at);

-- A component and what is wrong with it: one row for all devices that have the component.
CREATE TABLE vulnerability_findings (
    tenant_id     uuid   NOT NULL,
    component_id  bigint NOT NULL,
    vulnerability text   NOT NULL,
    advisory      text   NOT NULL,
    feed          text   NOT NULL,
    -- When that feed was last fetched.
    feed_at       bigint,
    severity      text   NOT NULL,
    -- First version that is not affected; empty where there is none.
    fixed_version text   NOT NULL,
    -- fixed, none_yet, deferred, will_not_fix, out_of_support
    remedy        text   NOT NULL,
    -- Why it matched, as shown: matched range, names, the source's words.
    why           jsonb  NOT NULL,
    first_seen    bigint NOT NULL,
    changed_at    bigint NOT NULL,
    PRIMARY KEY (tenant_id, component_id, vulnerability),
    FOREIGN KEY (tenant_id, component_id) REFERENCES components (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX vulnerability_findings_of ON vulnerability_findings (tenant_id, vulnerability);
CREATE INDEX vulnerability_findings_changed ON vulnerability_findings (tenant_id, changed_at);

-- How exposed each device is.
CREATE TABLE device_exposures (
    tenant_id    uuid             NOT NULL,
    device_id    text             NOT NULL,
    -- 0 to 100; lower is better. Of it what no update removes.
    exposure     double precision NOT NULL,
    unfixable    double precision NOT NULL,
    critical     integer          NOT NULL,
    high         integer          NOT NULL,
    medium       integer          NOT NULL,
    low          integer          NOT NULL,
    unknown      integer          NOT NULL,
    exploited    integer          NOT NULL,
    software     integer          NOT NULL,
    -- Packages of which no feed speaks.
    uncovered    integer          NOT NULL,
    -- How much it counts in the mean of several devices: by its criticality.
    weight       double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
    -- What adds most, with its share: [{"component":…,"name":…,"version":…,"share":…}]
    contributors jsonb            NOT NULL,
    evaluated_at bigint           NOT NULL,
    PRIMARY KEY (tenant_id, device_id)
);

-- The organisation's exposure as it was; one row a change that moved it, at most one an hour kept.
CREATE TABLE exposure_history (
    tenant_id uuid             NOT NULL,
    at        bigint           NOT NULL,
    exposure  double precision NOT NULL,
    devices   integer          NOT NULL,
    findings  integer          NOT NULL,
    PRIMARY KEY (tenant_id, at)
);

-- What to do, most effect first.
CREATE TABLE vulnerability_recommendations (
    tenant_id       uuid             NOT NULL,
    id              text             NOT NULL,
    -- update, uninstall, upgrade_system, replace_certificate, configure, wait
    kind            text             NOT NULL,
    product         text             NOT NULL,
    release         text             NOT NULL,
    -- The version to update to; empty where there is none.
    target          text             NOT NULL,
    severity        text             NOT NULL,
    exploited       boolean          NOT NULL,
    exploit_public  boolean          NOT NULL,
    restart         text             NOT NULL,
    vulnerabilities integer          NOT NULL,
    devices         bytea            NOT NULL,
    device_count    integer          NOT NULL,
    -- The organisation's exposure falls by so much once it is done everywhere.
    effect          double precision NOT NULL,
    -- vuln::recommend's document, as shown.
    document        jsonb            NOT NULL,
    first_seen      bigint           NOT NULL,
    changed_at      bigint           NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Which feeds the last assessment rested on; region-wide facts, kept for each tenant that reads them.
CREATE TABLE feed_states (
    tenant_id   uuid   NOT NULL,
    feed        text   NOT NULL,
    title       text   NOT NULL,
    -- ok, old, empty, never, failing
    state       text   NOT NULL,
    records     bigint NOT NULL,
    fetched_at  bigint,
    failed_at   bigint,
    failure     text   NOT NULL,
    required    boolean NOT NULL,
    changed_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, feed)
);

-- What people decided: the api writes these.
CREATE TABLE vulnerability_exceptions (
    tenant_id      uuid   NOT NULL,
    id             uuid   NOT NULL,
    -- A vulnerability's id or a recommendation's.
    subject_kind   text   NOT NULL CHECK (subject_kind IN ('vulnerability', 'recommendation')),
    subject        text   NOT NULL,
    -- Null: everywhere.
    group_id       uuid,
    -- third_party_control, alternate_mitigation, risk_accepted, planned_remediation, inaccurate
    justification  text   NOT NULL,
    note           text   NOT NULL,
    created_by     text   NOT NULL,
    created_at     bigint NOT NULL,
    expires_at     bigint,
    cancelled_at   bigint,
    cancelled_by   text,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX vulnerability_exceptions_of ON vulnerability_exceptions (tenant_id, subject_kind, subject);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['device_ordinals', 'components', 'device_components', 'vulnerabilities',
        'vulnerability_findings', 'device_exposures', 'exposure_history', 'vulnerability_recommendations',
        'feed_states', 'vulnerability_exceptions'] LOOP
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

GRANT INSERT, UPDATE, DELETE ON device_ordinals, components, device_components, vulnerabilities,
    vulnerability_findings, device_exposures, exposure_history, vulnerability_recommendations, feed_states
    TO palisade_vuln;
GRANT INSERT ON vulnerability_exceptions TO palisade_api;
GRANT UPDATE (cancelled_at, cancelled_by) ON vulnerability_exceptions TO palisade_api;
GRANT SELECT ON devices, device_groups, device_group_members TO palisade_vuln;
