-- Operators, device groups, and limits to them.

ALTER TABLE users
    DROP CONSTRAINT users_role_check,
    DROP CONSTRAINT users_check1,
    ADD CONSTRAINT users_role_check CHECK (role IN ('administrator', 'operator', 'reader')),
    -- A second factor is compulsory for those who can change things.
    ADD CONSTRAINT users_second_factor CHECK (state <> 'active' OR role = 'reader' OR totp_secret IS NOT NULL),
    -- Sees the devices of its groups only: none at all where it has no group left.
    ADD COLUMN limited boolean NOT NULL DEFAULT false,
    -- Whoever gives rights could lift their own limit.
    ADD CONSTRAINT users_limited CHECK (NOT limited OR role <> 'administrator');

ALTER TABLE api_tokens
    DROP CONSTRAINT api_tokens_role_check,
    ADD CONSTRAINT api_tokens_role_check CHECK (role IN ('administrator', 'operator', 'reader')),
    ADD COLUMN limited boolean NOT NULL DEFAULT false,
    -- Null: all that its role may.
    ADD COLUMN permissions text[],
    ADD CONSTRAINT api_tokens_limited CHECK (NOT limited OR role <> 'administrator');

ALTER TABLE setup_links
    DROP CONSTRAINT setup_links_role_check,
    ADD CONSTRAINT setup_links_role_check CHECK (role IN ('administrator', 'operator', 'reader'));

CREATE TABLE device_groups (
    tenant_id   uuid    NOT NULL,
    id          uuid    NOT NULL,
    name        text    NOT NULL,
    description text    NOT NULL DEFAULT '' CHECK (char_length(description) <= 1000),
    -- 1 is first. Moving one shifts others, so uniqueness waits for the end of the transaction.
    rank        integer NOT NULL CHECK (rank > 0),
    -- estate::group::Rule, canonical.
    rule        jsonb   NOT NULL,
    criticality text    NOT NULL CHECK (criticality IN ('low', 'normal', 'high', 'very_high')),
    automation  text    NOT NULL CHECK (automation IN ('none', 'semi', 'full')),
    created_at  bigint  NOT NULL,
    changed_at  bigint  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, rank) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX device_groups_name ON device_groups (tenant_id, lower(name));

-- Who belongs where by the rules. A machine and the device on it are looked at as one.
CREATE TABLE device_group_members (
    tenant_id uuid   NOT NULL,
    group_id  uuid   NOT NULL,
    device_id text   NOT NULL,
    since     bigint NOT NULL,
    PRIMARY KEY (tenant_id, device_id, group_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES device_groups (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX device_group_members_group ON device_group_members (tenant_id, group_id);

CREATE TABLE machine_group_members (
    tenant_id  uuid   NOT NULL,
    group_id   uuid   NOT NULL,
    machine_id uuid   NOT NULL,
    since      bigint NOT NULL,
    PRIMARY KEY (tenant_id, machine_id, group_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES device_groups (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, machine_id) REFERENCES machines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX machine_group_members_group ON machine_group_members (tenant_id, group_id);

-- To which groups a user or a token is limited. A group that somebody is limited to cannot be deleted.
CREATE TABLE role_groups (
    tenant_id uuid NOT NULL,
    user_id   uuid,
    token_id  uuid,
    group_id  uuid NOT NULL,
    CHECK (num_nonnulls(user_id, token_id) = 1),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, token_id) REFERENCES api_tokens (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, group_id) REFERENCES device_groups (tenant_id, id)
);
CREATE UNIQUE INDEX role_groups_user ON role_groups (tenant_id, user_id, group_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX role_groups_token ON role_groups (tenant_id, token_id, group_id) WHERE token_id IS NOT NULL;
CREATE INDEX role_groups_group ON role_groups (tenant_id, group_id);

-- What has changed and is not looked at again yet. Triggers write it, so that no writer can forget; they
-- run with the writer's own rights, so whoever writes devices or machines may add to it.
CREATE TABLE device_group_pending (
    tenant_id uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('device', 'machine')),
    id        text NOT NULL,
    PRIMARY KEY (tenant_id, kind, id)
);

CREATE FUNCTION device_needs_grouping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (NEW.name, NEW.os_platform, NEW.os_distribution, NEW.os_version, NEW.ip_addresses, NEW.tags, NEW.subscription_id)
        IS NOT DISTINCT FROM
        (OLD.name, OLD.os_platform, OLD.os_distribution, OLD.os_version, OLD.ip_addresses, OLD.tags, OLD.subscription_id)
    THEN
        RETURN NULL;
    END IF;
    INSERT INTO device_group_pending (tenant_id, kind, id) VALUES (NEW.tenant_id, 'device', NEW.id)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_grouping AFTER INSERT OR UPDATE ON devices
    FOR EACH ROW EXECUTE FUNCTION device_needs_grouping();

CREATE FUNCTION machine_needs_grouping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (NEW.name, NEW.os, NEW.addresses, NEW.tags, NEW.subscription_id, NEW.device_id)
        IS NOT DISTINCT FROM (OLD.name, OLD.os, OLD.addresses, OLD.tags, OLD.subscription_id, OLD.device_id)
    THEN
        RETURN NULL;
    END IF;
    INSERT INTO device_group_pending (tenant_id, kind, id) VALUES (NEW.tenant_id, 'machine', NEW.id::text)
        ON CONFLICT DO NOTHING;
    -- A device that its machine has lost no longer has that machine's tags.
    IF TG_OP = 'UPDATE' AND OLD.device_id IS NOT NULL AND OLD.device_id IS DISTINCT FROM NEW.device_id THEN
        INSERT INTO device_group_pending (tenant_id, kind, id) VALUES (OLD.tenant_id, 'device', OLD.device_id)
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER machines_grouping AFTER INSERT OR UPDATE ON machines
    FOR EACH ROW EXECUTE FUNCTION machine_needs_grouping();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'device_groups', 'device_group_members', 'machine_group_members', 'role_groups', 'device_group_pending'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON device_groups TO palisade_api;
GRANT SELECT, INSERT, DELETE ON role_groups TO palisade_api;
GRANT SELECT ON device_groups TO palisade_estate;
GRANT SELECT, INSERT, DELETE ON device_group_members, machine_group_members TO palisade_api, palisade_estate;
GRANT SELECT, DELETE ON device_group_pending TO palisade_api, palisade_estate;
GRANT INSERT ON device_group_pending
    TO palisade_api, palisade_estate, palisade_connect, palisade_ingest, palisade_lake;
