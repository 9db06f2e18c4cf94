#!/usr/bin/env python3
"""Runs every query of a collection over tables with rows, and counts those that end without an error.

    scripts/kql-execute.py [--verbose] [--rows N] [--keep DIR] QUERIES.jsonl SCHEMA.json -- COMMAND ARGUMENT…

The command gets the schema's path in place of '{schema}' and a folder of JSON-lines files in place of '{data}',
reads lines {"id", "query"} and writes lines {"id", "ok", "rows", "error"};
`palisade kql run --schema {schema} --data {data}` is one. Each table that a query names has rows. Their values come
from a generator with a fixed seed and from what the queries themselves compare columns with, so that
filters let rows through. Only queries without an official error are run.
"""

import argparse
import collections
import datetime
import json
import os
import random
import re
import subprocess
import sys
import tempfile

COMPARED = re.compile(
    r"(\w+)\s*(?:==|=~|\bhas\b|\bcontains\b|\bstartswith\b|\bendswith\b|\bin~?|\bhas_any|\bhas_all)\s*\(?\s*(?:dynamic\(\[)?"
    r"((?:@?(?:\"[^\"\n]*\"|'[^'\n]*')\s*,?\s*)+)",
    re.IGNORECASE,
)
TEXT = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
WORD = re.compile(r"[A-Za-z_]\w*")


def compared(rows):
    """What the queries compare each column with."""
    found = collections.defaultdict(list)
    for row in rows:
        for column, texts in COMPARED.findall(row["query"]):
            for double, single in TEXT.findall(texts):
                value = (double or single).replace("\\\\", "\\")
                if value and value not in found[column] and len(found[column]) < 400:
                    found[column].append(value)
    return found


class Values:
    """Values of columns by their types and names."""

    def __init__(self, wanted, now):
        self.wanted, self.now, self.chance = wanted, now, random.Random(20261129)

    def text(self, column):
        chance, name = self.chance, column.lower()
        pool = self.wanted.get(column)
        if pool and chance.random() < 0.7:
            return " ".join(chance.sample(pool, min(len(pool), 2))) if "line" in name else chance.choice(pool)
        if chance.random() < 0.1:
            return ""
        number = chance.randrange(40)
        if "ip" in name.split("_")[0][-12:] and ("address" in name or name.endswith("ip") or name.startswith("ip")):
            return f"203.0.113.{number}" if number % 2 else f"10.0.0.{number}"
        for end, digits in (("sha256", 64), ("sha1", 40), ("md5", 32)):
            if end in name:
                return f"{number:0{digits}x}"
        if name.endswith("id"):
            return f"00000000-0000-4000-8000-{number:012d}"
        if "url" in name:
            return f"https://host{number}.example.org/path/{number}?q=1"
        if "upn" in name or "email" in name or "principal" in name:
            return f"user{number}@example.org"
        if "properties" in name or "fields" in name or "details" in name:
            return json.dumps(self.bag())
        return f"{column} {number}"

    def bag(self):
        chance = self.chance
        number = chance.randrange(40)
        return {"Name": f"name{number}", "Value": str(number), "Count": number, "Tags": ["a", str(number)], "Inner": {"id": number}}

    def value(self, column, kind):
        chance = self.chance
        if kind == "string":
            return self.text(column)
        if chance.random() < 0.1:
            return None
        if kind in ("int", "long"):
            return chance.choice((0, 1, 4, 22, 443, 445, 4624, 4625, 4688, chance.randrange(100_000)))
        if kind in ("real", "decimal"):
            return chance.choice((0.0, 0.5, float(chance.randrange(1000)) + 0.25))
        if kind == "bool":
            return chance.random() < 0.5
        if kind == "datetime":
            # Most lie in the last day: many queries look no further back.
            back = chance.random() * (86_400 if chance.random() < 0.7 else 30 * 86_400)
            return (self.now - datetime.timedelta(seconds=back)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if kind == "timespan":
            return f"00:{chance.randrange(60):02d}:{chance.randrange(60):02d}"
        if kind == "guid":
            return f"00000000-0000-4000-8000-{chance.randrange(40):012d}"
        pool = self.wanted.get(column)
        if pool and chance.random() < 0.3:
            return [chance.choice(pool)]
        return chance.choice((self.bag(), [self.bag(), self.bag()]))


def write(folder, schema, tables, values, rows):
    for table in tables:
        columns = schema[table]
        with open(os.path.join(folder, table + ".jsonl"), "w", encoding="utf-8") as file:
            for _ in range(rows):
                file.write(json.dumps({name: values.value(name, kind) for name, kind in columns.items()}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbose", action="store_true", help="name the queries behind each failure")
    parser.add_argument("--rows", type=int, default=300, help="rows of each table")
    parser.add_argument("--keep", metavar="DIR", help="keep the tables here")
    parser.add_argument("--require", type=float, metavar="PERCENT", help="least share that must run")
    parser.add_argument("queries")
    parser.add_argument("schema")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    with open(arguments.queries, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    rows = [row for row in rows if row["official_semantic_errors"] == 0]
    with open(arguments.schema, encoding="utf-8") as file:
        schema = json.load(file)
    words = {word for row in rows for word in WORD.findall(row["query"])}
    tables = sorted(words & set(schema))

    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or scratch
        os.makedirs(folder, exist_ok=True)
        now = datetime.datetime.now(datetime.timezone.utc)
        write(folder, schema, tables, Values(compared(rows), now), arguments.rows)
        lines = "".join(json.dumps({"id": row["id"], "query": row["query"]}) + "\n" for row in rows)
        places = {"{schema}": arguments.schema, "{data}": folder}
        command = [places.get(part, part) for part in arguments.command]
        done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"the command ended with {done.returncode}")
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.decode().splitlines())}

    ran = with_rows = compiled = outside = 0
    failures = collections.defaultdict(list)
    for row in rows:
        answer = answers.get(row["id"], {"ok": False, "error": {"code": "no_answer", "message": "", "line": None}})
        if answer["ok"]:
            ran, with_rows = ran + 1, with_rows + bool(answer["rows"])
            compiled += 1
            continue
        error = answer["error"]
        # By default nothing is read from outside: the lake's test gives such queries rows.
        if error["code"] == "external_refused":
            outside += 1
            continue
        # What has a place in the text did not compile, and is counted by kql-corpus.py.
        compiled += error["line"] is None
        failures[(error["line"] is None, error["code"], error["message"])].append(row["id"])
    share = 100.0 * ran / compiled if compiled else 0.0
    print(f"{len(tables)} tables of {arguments.rows} rows")
    print(f"{ran} of {compiled} queries that compile run to their end: {share:.2f} %; {with_rows} of them give rows")
    print(f"{outside} more ask for data from outside, which nothing may give here")
    for (late, code, message), ids in sorted(failures.items(), key=lambda item: -len(item[1])):
        kind = "failed" if late else "does not compile"
        print(f"{len(ids):5} {kind}: {code}: {message}" + (f"  {' '.join(ids)}" if arguments.verbose else ""))
    if arguments.require and share < arguments.require:
        sys.exit("below what is required")


if __name__ == "__main__":
    main()
