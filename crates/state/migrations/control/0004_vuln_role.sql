-- The vuln process reads which tenants there are, and nothing else.
GRANT USAGE ON SCHEMA public TO palisade_vuln;
GRANT SELECT ON tenants, instance_settings TO palisade_vuln;
