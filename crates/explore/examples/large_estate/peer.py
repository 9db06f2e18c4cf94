"""The templates as SQL on DuckDB: how many rows, and the first 25 by name, as the explorer answers them."""

import json
import sys
import time

import duckdb

folder, runs, now = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
DAY = 86_400_000_000

TABLES = {
    "machine": "id INTEGER, name VARCHAR, power VARCHAR, applicable BOOLEAN, criticality VARCHAR",
    "sensor": "machine INTEGER, state VARCHAR, last_seen BIGINT",
    "finding": "machine INTEGER, name VARCHAR",
    "runs": "machine INTEGER, product VARCHAR, name VARCHAR, kind VARCHAR",
    "recommendation": "machine INTEGER, code VARCHAR",
    "endpoint": "machine INTEGER, name VARCHAR, port INTEGER, reachable BOOLEAN",
    "tag": "machine INTEGER, key VARCHAR, value VARCHAR",
    "access": "account INTEGER, machine INTEGER",
    "account": "id INTEGER, name VARCHAR, privileged BOOLEAN, external BOOLEAN",
    "software": "id INTEGER, name VARCHAR, unsupported BOOLEAN",
    "vulnerability": "id INTEGER, name VARCHAR, severity VARCHAR, exploit BOOLEAN, remote BOOLEAN",
    "affects": "vulnerability INTEGER, software INTEGER",
    "alert": "machine INTEGER, severity VARCHAR, status VARCHAR",
    "installed": "machine INTEGER, software INTEGER",
}

EXPOSED = "m.id IN (SELECT machine FROM endpoint WHERE reachable {extra})"


def vulnerable(where):
    return (
        "m.id IN (SELECT machine FROM installed WHERE software IN "
        f"(SELECT a.software FROM affects a JOIN vulnerability v ON v.id = a.vulnerability WHERE {where}))"
    )


def machines(where):
    return f"FROM machine m WHERE {where}"


QUERIES = {
    "machines_affected_by_health_findings": machines("m.id IN (SELECT machine FROM finding)"),
    "health_findings_that_affect_machines": "FROM finding m WHERE m.machine IN (SELECT id FROM machine)",
    "healthy_machines": machines("m.id IN (SELECT machine FROM sensor WHERE state = 'healthy')"),
    "machines_not_applicable": machines("NOT m.applicable"),
    "machines_without_sensor": machines("m.applicable AND m.id NOT IN (SELECT machine FROM sensor)"),
    "machines_without_edr": machines(
        "m.id IN (SELECT machine FROM recommendation WHERE code = 'edr_installed')"
    ),
    "machines_with_another_edr": machines(
        "m.id IN (SELECT machine FROM runs WHERE kind = 'edr' AND lower(name) <> 'palisade')"
    ),
    "silent_sensors": machines(
        "m.power IN ('running', 'unknown') AND m.id IN "
        f"(SELECT machine FROM sensor WHERE last_seen < {now - DAY})"
    ),
    "exposed_machines_without_healthy_sensor": machines(
        EXPOSED.format(extra="") + " AND m.id NOT IN (SELECT machine FROM sensor WHERE state = 'healthy')"
    ),
    "remote_administration_exposed": machines(EXPOSED.format(extra="AND port IN (22, 3389, 5985, 5986)")),
    "exposed_production_databases": (
        "FROM endpoint m WHERE m.reachable AND m.port IN (1433, 1521, 3306, 5432, 6379, 9200, 27017) "
        "AND m.machine IN (SELECT machine FROM tag WHERE key IN ('env', 'environment') AND value LIKE 'prod%')"
    ),
    "exposed_machines_with_severe_vulnerabilities": machines(
        EXPOSED.format(extra="") + " AND " + vulnerable("v.severity IN ('high', 'critical')")
    ),
    "machines_with_a_vulnerability": machines(vulnerable("v.name = 'CVE-2021-44228'")),
    "unsupported_software_on_critical_machines": (
        "FROM software m WHERE m.unsupported AND m.id IN (SELECT software FROM installed WHERE machine IN "
        "(SELECT id FROM machine WHERE criticality IN ('high', 'very_high')))"
    ),
    "users_with_access_to_exploitable_machines": (
        "FROM account m WHERE m.id IN (SELECT account FROM access WHERE machine IN "
        "(SELECT m.id FROM machine m WHERE " + vulnerable("v.exploit AND v.remote") + "))"
    ),
    "attacked_machines_with_privileged_users": machines(
        "m.id IN (SELECT machine FROM alert WHERE severity = 'high' AND status <> 'resolved') AND m.id IN "
        "(SELECT a.machine FROM access a JOIN account u ON u.id = a.account WHERE u.privileged OR u.external)"
    ),
}

db = duckdb.connect()
began = time.monotonic()
for name, columns in TABLES.items():
    db.execute(f"CREATE TABLE {name} ({columns})")
    db.execute(f"COPY {name} FROM '{folder}/{name}.csv' (FORMAT csv, HEADER false)")
loaded = time.monotonic() - began


def memory(which):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(which)) / 1e3


resident = memory("VmRSS:")
answers = {}
for name, query in QUERIES.items():
    # The set is found once, as the explorer does, then counted and cut.
    sql = f"WITH found AS MATERIALIZED (SELECT m.name {query}) SELECT (SELECT count(*) FROM found), name FROM found ORDER BY name LIMIT 25"
    times = []
    rows = []
    for _ in range(runs):
        at = time.monotonic()
        rows = db.execute(sql).fetchall()
        times.append((time.monotonic() - at) * 1e3)
    answers[name] = {"ms": times, "count": rows[0][0] if rows else 0, "first": [row[1] for row in rows]}

said = {
    "version": duckdb.__version__,
    "threads": db.execute("SELECT current_setting('threads')").fetchone()[0],
    "loaded_s": loaded,
    "resident_mb": resident,
    "peak_mb": memory("VmHWM:"),
    "answers": answers,
}
print(json.dumps(said))
