-- Whoever ends a connector ends its word on its machines' power as well.
GRANT UPDATE (power, power_since) ON machines TO palisade_api;

-- What people asked for about a machine is part of what is shown of it.
CREATE INDEX estate_requests_machine ON estate_requests (tenant_id, machine_id, id DESC);
