-- What people look devices and machines up by, one row a word: names from each of their parts on,
-- identifiers, addresses, tags. Triggers keep it, so that no writer can forget; they run with the writer's
-- own rights.
--
-- A search is a range of `term`. Behind row-level security the planner uses an index only for operators
-- that cannot leak, as comparisons are; LIKE and the operators of trigrams are not, and would read every row.
CREATE TABLE search_terms (
    tenant_id uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('device', 'machine')),
    term      text NOT NULL COLLATE "C" CHECK (char_length(term) BETWEEN 1 AND 100),
    field     text NOT NULL,
    id        text NOT NULL,
    PRIMARY KEY (tenant_id, kind, term, id, field)
);
CREATE INDEX search_terms_of ON search_terms (tenant_id, kind, id);

-- A name as a whole, and from the beginning of each of its parts on: `web-prod01` is found by `prod01` and `01`.
CREATE FUNCTION search_words(value text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT left(array_to_string(p.parts[i:], ''), 100)
    FROM (SELECT string_to_array(regexp_replace(
            regexp_replace(lower(left(btrim(value), 200)), '([^[:alnum:]]+)', E'\\1\x02', 'g'),
            E'([^0-9\x02])([0-9])', E'\\1\x02\\2', 'g'), E'\x02') AS parts) p,
        generate_subscripts(p.parts, 1) AS i
    WHERE i <= 20
$$;

-- An address in an order in which a range of addresses is a range of texts: its family and its bytes as
-- hexadecimal digits, behind a sign that nobody can type. Null for what is none.
CREATE FUNCTION search_address(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    address inet;
BEGIN
    address := value::inet;
    RETURN chr(1) || family(address) || substr(encode(inet_send(address), 'hex'), 9);
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;

CREATE FUNCTION device_words(d devices) RETURNS TABLE (field text, term text) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT w.field, w.term FROM (
        SELECT 'name', n FROM search_words(d.name) AS n
        UNION ALL SELECT 'id', d.id
        UNION ALL SELECT 'address', lower(left(a, 100)) FROM unnest(d.ip_addresses[:64]) AS a
        UNION ALL SELECT 'address', search_address(a) FROM unnest(d.ip_addresses[:64]) AS a
        UNION ALL SELECT 'hardware', lower(left(m, 100))
            FROM jsonb_array_elements_text(CASE jsonb_typeof(d.facts -> 'mac_addresses')
                WHEN 'array' THEN d.facts -> 'mac_addresses' ELSE '[]' END) AS m
        UNION ALL SELECT 'hardware', lower(left(d.facts ->> 'hardware_uuid', 100))
        UNION ALL SELECT 'tag', n FROM unnest(d.tags[:64]) AS t, search_words(t) AS n
    ) AS w(field, term) WHERE w.term <> '' LIMIT 250
$$;

CREATE FUNCTION machine_words(m machines) RETURNS TABLE (field text, term text) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT w.field, w.term FROM (
        SELECT 'name', n FROM search_words(m.name) AS n
        UNION ALL SELECT 'id', m.id::text
        UNION ALL SELECT 'id', m.device_id
        UNION ALL SELECT 'cloud_id', lower(left(m.cloud_id, 100))
        UNION ALL SELECT 'address', lower(left(a, 100)) FROM unnest(m.addresses[:64]) AS a
        UNION ALL SELECT 'address', search_address(a) FROM unnest(m.addresses[:64]) AS a
        UNION ALL SELECT 'owner', n FROM search_words(m.owner) AS n
        UNION ALL SELECT 'tag', lower(left(t.key || '=' || t.value, 100)) FROM jsonb_each_text(m.tags) AS t
        UNION ALL SELECT 'tag', n FROM jsonb_each_text(m.tags) AS t, search_words(t.value) AS n
    ) AS w(field, term) WHERE w.term <> '' LIMIT 250
$$;

-- Forgets the words that an object no longer has. It must never read the whole table, whatever the planner
-- believes of one that was empty a moment ago.
CREATE FUNCTION search_forget(tenant uuid, what text, which text, fields text[], terms text[])
RETURNS void LANGUAGE sql SET enable_seqscan = off AS $$
    DELETE FROM search_terms s WHERE s.tenant_id = tenant AND s.kind = what AND s.id = which
        AND NOT EXISTS (SELECT FROM unnest(fields, terms) AS n(field, term)
            WHERE n.field = s.field AND n.term COLLATE "C" = s.term)
$$;

CREATE FUNCTION device_searched() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fields text[];
    terms text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM search_forget(OLD.tenant_id, 'device', OLD.id, '{}', '{}');
        RETURN NULL;
    END IF;
    -- A heartbeat changes none of these.
    IF TG_OP = 'UPDATE' AND (NEW.name, NEW.ip_addresses, NEW.tags, NEW.facts -> 'mac_addresses', NEW.facts -> 'hardware_uuid')
        IS NOT DISTINCT FROM
        (OLD.name, OLD.ip_addresses, OLD.tags, OLD.facts -> 'mac_addresses', OLD.facts -> 'hardware_uuid')
    THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(w.field), array_agg(w.term) INTO fields, terms FROM device_words(NEW) w;
    IF TG_OP = 'UPDATE' THEN
        PERFORM search_forget(NEW.tenant_id, 'device', NEW.id, fields, terms);
    END IF;
    INSERT INTO search_terms (tenant_id, kind, term, field, id)
        SELECT NEW.tenant_id, 'device', n.term, n.field, NEW.id FROM unnest(fields, terms) AS n(field, term)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_searched AFTER INSERT OR UPDATE OR DELETE ON devices
    FOR EACH ROW EXECUTE FUNCTION device_searched();

CREATE FUNCTION machine_searched() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fields text[];
    terms text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM search_forget(OLD.tenant_id, 'machine', OLD.id::text, '{}', '{}');
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.name, NEW.device_id, NEW.cloud_id, NEW.addresses, NEW.owner, NEW.tags)
        IS NOT DISTINCT FROM (OLD.name, OLD.device_id, OLD.cloud_id, OLD.addresses, OLD.owner, OLD.tags)
    THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(w.field), array_agg(w.term) INTO fields, terms FROM machine_words(NEW) w;
    IF TG_OP = 'UPDATE' THEN
        PERFORM search_forget(NEW.tenant_id, 'machine', NEW.id::text, fields, terms);
    END IF;
    INSERT INTO search_terms (tenant_id, kind, term, field, id)
        SELECT NEW.tenant_id, 'machine', n.term, n.field, NEW.id::text FROM unnest(fields, terms) AS n(field, term)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER machines_searched AFTER INSERT OR UPDATE OR DELETE ON machines
    FOR EACH ROW EXECUTE FUNCTION machine_searched();

-- What is there already. Row-level security is forced for the owner too, so without this it would see
-- nothing; both tables are locked until the end of this migration, and nobody reads them meanwhile.
ALTER TABLE devices NO FORCE ROW LEVEL SECURITY;
ALTER TABLE machines NO FORCE ROW LEVEL SECURITY;
INSERT INTO search_terms (tenant_id, kind, term, field, id)
    SELECT d.tenant_id, 'device', w.term, w.field, d.id FROM devices d, device_words(d) w;
INSERT INTO search_terms (tenant_id, kind, term, field, id)
    SELECT m.tenant_id, 'machine', w.term, w.field, m.id::text FROM machines m, machine_words(m) w;
ALTER TABLE devices FORCE ROW LEVEL SECURITY;
ALTER TABLE machines FORCE ROW LEVEL SECURITY;

ALTER TABLE search_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON search_terms
    USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

-- Whoever writes devices or machines writes their words.
GRANT SELECT, INSERT, DELETE ON search_terms
    TO palisade_api, palisade_estate, palisade_connect, palisade_ingest, palisade_lake;
