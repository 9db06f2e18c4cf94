-- Metering: what a machine's hours are computed from is written down in the transaction that changes
-- it, whoever does, so that no hour depends on which process was up. Instants are those of the change.

-- Beats of devices that nobody has counted yet: from the first to the last of a stretch without a
-- longer silence than estate::metering::Timeline::CONNECTED.
CREATE TABLE device_heard (
    tenant_id uuid   NOT NULL,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    device_id text   NOT NULL,
    from_at   bigint NOT NULL,
    to_at     bigint NOT NULL CHECK (to_at >= from_at),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

-- Machines whose hours have to be computed anew, and from when on.
CREATE TABLE meter_due (
    tenant_id  uuid   NOT NULL,
    machine_id uuid   NOT NULL,
    from_at    bigint NOT NULL,
    PRIMARY KEY (tenant_id, machine_id)
);

-- Up to when every machine's hours are computed.
CREATE TABLE meter_progress (
    tenant_id uuid   PRIMARY KEY,
    swept_at  bigint NOT NULL
);

ALTER TABLE meter_facts ADD CHECK (octet_length(value::text) <= 4096);
CREATE UNIQUE INDEX rate_cards_effective ON rate_cards (tenant_id, effective);

-- The owner is the value of the tag that the subscription names; without such a tag it is what it is.
CREATE FUNCTION machine_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    key text;
BEGIN
    SELECT owner_tag INTO key FROM subscriptions WHERE tenant_id = NEW.tenant_id AND id = NEW.subscription_id;
    IF coalesce(key, '') <> '' THEN
        NEW.owner := left(coalesce(NEW.tags ->> key, ''), 256);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER machines_owner BEFORE INSERT OR UPDATE OF tags, owner, subscription_id ON machines
    FOR EACH ROW EXECUTE FUNCTION machine_owner();

CREATE FUNCTION tell_meter(tenant uuid, machine uuid, fact text, since bigint, what jsonb)
RETURNS void LANGUAGE sql AS $$
    -- Two changes at one instant are told one after the other: the later one holds.
    INSERT INTO meter_facts (tenant_id, machine_id, kind, at, value) VALUES (tenant, machine, fact, since, what)
    ON CONFLICT (tenant_id, machine_id, kind, at) DO UPDATE SET value = excluded.value
$$;

-- What plans a machine's subscription has, and what was decided for it alone, as they are kept.
CREATE FUNCTION entitled_by(tenant uuid, subscription uuid, own jsonb)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('plans', CASE WHEN state = 'left' THEN NULL ELSE plans END, 'machine', own)
    FROM subscriptions WHERE tenant_id = tenant AND id = subscription
$$;

CREATE FUNCTION machine_metered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    since bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.first_seen ELSE NEW.changed_at END;
BEGIN
    IF TG_OP = 'INSERT' OR NEW.power <> OLD.power OR NEW.power_since <> OLD.power_since THEN
        PERFORM tell_meter(NEW.tenant_id, NEW.id, 'power', NEW.power_since, to_jsonb(NEW.power));
    END IF;
    -- A cloud that deleted it says nothing any more.
    IF NEW.retired_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.retired_at IS NULL) THEN
        PERFORM tell_meter(NEW.tenant_id, NEW.id, 'power', NEW.retired_at, '"deleted"');
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.retired_at IS NULL AND OLD.retired_at IS NOT NULL THEN
        PERFORM tell_meter(NEW.tenant_id, NEW.id, 'power', since, to_jsonb(NEW.power));
    END IF;
    IF TG_OP = 'INSERT' OR NEW.subscription_id <> OLD.subscription_id THEN
        PERFORM tell_meter(NEW.tenant_id, NEW.id, 'placed', since, to_jsonb(NEW.subscription_id::text));
    END IF;
    IF TG_OP = 'INSERT' OR NEW.subscription_id <> OLD.subscription_id
        OR NEW.plan_override IS DISTINCT FROM OLD.plan_override THEN
        PERFORM tell_meter(NEW.tenant_id, NEW.id, 'entitled', since,
            entitled_by(NEW.tenant_id, NEW.subscription_id, NEW.plan_override));
    END IF;
    IF TG_OP = 'INSERT' OR NEW.owner <> OLD.owner THEN
        PERFORM tell_meter(NEW.tenant_id, NEW.id, 'owned', since, to_jsonb(NEW.owner));
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER machines_metered
    AFTER INSERT OR UPDATE OF subscription_id, plan_override, owner, tags, power, power_since, retired_at ON machines
    FOR EACH ROW EXECUTE FUNCTION machine_metered();

CREATE FUNCTION subscription_metered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.plans IS DISTINCT FROM OLD.plans OR (NEW.state = 'left') <> (OLD.state = 'left') THEN
        PERFORM tell_meter(m.tenant_id, m.id, 'entitled', NEW.changed_at,
            entitled_by(m.tenant_id, m.subscription_id, m.plan_override))
        FROM (SELECT * FROM machines WHERE tenant_id = NEW.tenant_id AND subscription_id = NEW.id ORDER BY id) m;
    END IF;
    IF NEW.owner_tag <> OLD.owner_tag THEN
        -- Reads the new tag; an owner that nothing names any more is none.
        UPDATE machines SET owner = '', changed_at = greatest(changed_at, NEW.changed_at)
        WHERE tenant_id = NEW.tenant_id AND subscription_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER subscriptions_metered AFTER UPDATE OF plans, owner_tag, state ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION subscription_metered();

CREATE FUNCTION meter_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO meter_due (tenant_id, machine_id, from_at) VALUES (NEW.tenant_id, NEW.machine_id, NEW.at)
    ON CONFLICT (tenant_id, machine_id) DO UPDATE SET from_at = least(meter_due.from_at, excluded.from_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER meter_facts_told AFTER INSERT OR UPDATE ON meter_facts
    FOR EACH ROW EXECUTE FUNCTION meter_told();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['device_heard', 'meter_due', 'meter_progress'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY tenant ON %I'
            ' USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
            ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', t);
    END LOOP;
END
$$;

-- Whoever changes a machine or a subscription tells the meter; nobody but the estate process forgets.
GRANT SELECT, INSERT, UPDATE (value) ON meter_facts TO palisade_api, palisade_connect;
GRANT SELECT, INSERT, UPDATE (from_at) ON meter_due TO palisade_api, palisade_connect;
GRANT INSERT ON device_heard TO palisade_lake, palisade_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON device_heard, meter_due, meter_progress TO palisade_estate;
