"""ClickHouse (chdb) and DuckDB over the export of `bench/kql`: each imports it in the layout that suits it, then
answers one JSON line after the other. Started by the benchmark, not by hand."""
import json
import os
import subprocess
import sys
import time

FOLDER = sys.argv[1]
EXPORT = os.path.join(FOLDER, "export")
TABLES = sorted(os.listdir(EXPORT))
THREADS = len(os.sched_getaffinity(0))


def answer(rows):
    """The number of rows, and the sum of all whole numbers in all cells."""
    total = 0
    for row in rows:
        for cell in row:
            if isinstance(cell, int) and not isinstance(cell, bool):
                total += cell
            elif hasattr(cell, "as_tuple") and cell == int(cell):  # DuckDB's hugeint sums
                total += int(cell)
    return {"rows": len(rows), "sum": total}


class DuckDb:
    def __init__(self):
        import duckdb

        self.duckdb = duckdb
        self.path = os.path.join(FOLDER, "duckdb.db")
        fresh = not os.path.exists(self.path)
        self.open()
        if fresh:
            for table in TABLES:
                files = f"{EXPORT}/{table}/*.parquet"
                described = self.db.execute(f"DESCRIBE SELECT * FROM read_parquet('{files}')").fetchall()
                columns = ", ".join(
                    f'timezone(\'UTC\', "{name}") AS "{name}"' if kind.startswith("TIMESTAMP") else f'"{name}"'
                    for name, kind, *_ in described
                )
                self.db.execute(
                    f"CREATE TABLE {table} AS SELECT {columns} FROM read_parquet('{files}') ORDER BY Timestamp"
                )
            self.db.execute("CHECKPOINT")

    def open(self):
        self.db = self.duckdb.connect(self.path)
        self.db.execute(f"SET threads = {THREADS}; SET TimeZone = 'UTC'; SET memory_limit = '8GB'")

    def forget(self):
        self.db.close()
        drop_caches()
        self.open()

    def run(self, sql):
        return self.db.execute(sql).fetchall()


class ClickHouse:
    def __init__(self):
        from chdb import session

        path = os.path.join(FOLDER, "clickhouse")
        fresh = not os.path.exists(path)
        self.session = session.Session(path)
        self.session.query("CREATE DATABASE IF NOT EXISTS hunting ENGINE = Atomic")
        self.session.query("USE hunting")
        self.session.query(f"SET max_threads = {THREADS}")
        if fresh:
            for table in TABLES:
                self.load(table)

    def load(self, table):
        files = f"file('{EXPORT}/{table}/*.parquet', 'Parquet')"
        described = json.loads(str(self.session.query(f"DESCRIBE {files}", "JSON")))["data"]
        columns = []
        for column in described:
            name, kind = column["name"], column["type"].removeprefix("Nullable(").removesuffix(")")
            if kind.startswith("DateTime64"):
                kind = "DateTime64(6, 'UTC')"
            elif kind == "String" and not name.endswith(("CommandLine", "UniqueId", "AdditionalFields")):
                kind = "LowCardinality(String)"
            columns.append(f"`{name}` {kind}")
        for name in ("ProcessCommandLine",):
            if any(c["name"] == name for c in described):
                columns.append(
                    f"INDEX words_{name} lower({name}) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1"
                )
        columns.append("INDEX times Timestamp TYPE minmax GRANULARITY 1")
        self.session.query(
            f"CREATE TABLE {table} ({', '.join(columns)}) ENGINE = MergeTree "
            "PARTITION BY toDate(Timestamp) ORDER BY (DeviceId, Timestamp)"
        )
        self.session.query(
            f"INSERT INTO {table} SELECT * FROM {files} SETTINGS input_format_null_as_default = 1, "
            "max_partitions_per_insert_block = 1000"
        )
        self.session.query(f"OPTIMIZE TABLE {table} FINAL")

    def forget(self):
        for what in ("MARK CACHE", "UNCOMPRESSED CACHE", "QUERY CONDITION CACHE", "INDEX MARK CACHE"):
            try:
                self.session.query(f"SYSTEM DROP {what}")
            except Exception:  # a cache that this version does not have
                pass
        drop_caches()

    def run(self, sql):
        # Answers are not reused between runs.
        text = str(self.session.query(sql + " SETTINGS use_query_condition_cache = 0", "JSONCompactEachRow"))
        return [line for line in text.splitlines() if line]


def drop_caches():
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3")
    except OSError:
        pass


def measured(engine, sql, runs):
    try:
        engine.forget()
        began = time.perf_counter()
        rows = engine.run(sql)
        cold = time.perf_counter() - began
        warm = float("inf")
        for _ in range(max(runs, 1)):
            began = time.perf_counter()
            rows = engine.run(sql)
            warm = min(warm, time.perf_counter() - began)
        if rows and isinstance(rows[0], str):
            rows = [[whole(c) for c in json.loads(line)] for line in rows]
        return {"cold": cold, "warm": warm, "answer": answer(rows)}
    except Exception as error:
        return {"cold": 0, "warm": 0, "answer": {"rows": 0, "sum": 0}, "error": str(error)[:300]}


def whole(cell):
    """ClickHouse writes 64-bit numbers as texts in JSON."""
    return int(cell) if isinstance(cell, str) and cell.isascii() and cell.lstrip("-").isdigit() and len(cell) < 20 else cell


def forget_peak():
    """Loading does not count: the peak begins anew."""
    try:
        with open("/proc/self/clear_refs", "w") as f:
            f.write("5")
    except OSError:
        pass


def peak():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1e3


def main():
    """Each engine lives in a process of its own, so that its memory is its own."""
    if len(sys.argv) > 2:
        engine = {"duckdb": DuckDb, "clickhouse": ClickHouse}[sys.argv[2]]()
        forget_peak()
        print(json.dumps({"loaded": True}), flush=True)
        for line in sys.stdin:
            ask = json.loads(line)
            if ask.get("end"):
                print(json.dumps(peak()), flush=True)
                return
            print(json.dumps(measured(engine, ask["sql"], ask["runs"])), flush=True)
        return
    engines = {}
    for name in ("clickhouse", "duckdb"):
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, __file__, FOLDER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if not child.stdout.readline():
            sys.exit(f"{name} did not start")
        engines[name] = (child, time.perf_counter() - began)
    print(", ".join(f"{n} ready in {t:.0f} s" for n, (_, t) in engines.items()), flush=True)

    def ask(name, question):
        child = engines[name][0]
        child.stdin.write(json.dumps(question) + "\n")
        child.stdin.flush()
        return json.loads(child.stdout.readline())

    for line in sys.stdin:
        question = json.loads(line)
        if question.get("end"):
            print(json.dumps({n: ask(n, {"end": True}) for n in engines}), flush=True)
            break
        print(json.dumps({n: ask(n, {"sql": question[n], "runs": question["runs"]}) for n in engines}), flush=True)


main()
