-- The estate and connect processes read which tenants there are, and nothing else.
GRANT USAGE ON SCHEMA public TO palisade_estate, palisade_connect;
GRANT SELECT ON tenants, instance_settings TO palisade_estate, palisade_connect;
