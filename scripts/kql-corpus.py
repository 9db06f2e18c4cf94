#!/usr/bin/env python3
"""Runs a command that analyses queries over a collection of them, and counts.

    scripts/kql-corpus.py [--verbose] QUERIES.jsonl SCHEMA.json -- COMMAND ARGUMENT…

The command gets the path of the schema in place of '{schema}', reads lines {"id", "query"} and writes
lines {"id", "ok", "columns", "error"}; `palisade kql analyze --schema {schema}` is one. A line of the
collection holds id, query, official_semantic_errors and result_columns ([name, type] each, or null).
"""

import argparse
import collections
import json
import re
import subprocess
import sys


def feature(error):
    """What an error says is missing, without what differs from query to query."""
    code, message = error.get("code", "?"), error.get("message", "")
    if code in ("not_supported", "unknown_function", "unknown_operator"):
        return f"{code}: {message}"
    return code + ": " + re.sub(r"'[^']*'", "'…'", message)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbose", action="store_true", help="name the queries behind each failure")
    parser.add_argument("--require", nargs=2, type=float, metavar=("OK", "SAME"), help="least percentages")
    parser.add_argument("queries")
    parser.add_argument("schema")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    with open(arguments.queries, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    lines = "".join(json.dumps({"id": row["id"], "query": row["query"]}) + "\n" for row in rows)
    command = [part.replace("{schema}", arguments.schema) for part in arguments.command]
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"the command ended with {done.returncode}")
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.decode().splitlines())}

    right = comparable = same = good = 0
    failures = collections.defaultdict(list)
    differences = []
    for row in rows:
        if row["official_semantic_errors"] != 0:
            continue
        right += 1
        answer = answers.get(row["id"])
        if answer is None:
            failures["no answer"].append(row["id"])
            continue
        if not answer.get("ok"):
            failures[feature(answer.get("error", {}))].append(row["id"])
            continue
        good += 1
        if row["result_columns"] is None:
            continue
        comparable += 1
        expected = [tuple(column) for column in row["result_columns"]]
        found = [(column["name"], column["type"]) for column in answer["columns"]]
        if expected == found:
            same += 1
        else:
            pairs = list(zip(expected, found))
            at = next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
            differences.append((row["id"], at, expected[at : at + 1], found[at : at + 1]))

    share = lambda part, whole: 100.0 * part / whole if whole else 0.0
    print(f"{good} of {right} queries without an official error are ok: {share(good, right):.2f} %")
    print(f"{same} of {comparable} have the official names and types: {share(same, comparable):.2f} %")
    for reason, ids in sorted(failures.items(), key=lambda item: -len(item[1])):
        print(f"{len(ids):5} {reason}" + (f"  {' '.join(ids)}" if arguments.verbose else ""))
    for query, at, expected, found in differences:
        print(f"differs: {query}, column {at}: expected {expected}, found {found}")
    if arguments.require:
        least_ok, least_same = arguments.require
        if share(good, right) < least_ok or share(same, comparable) < least_same:
            sys.exit("below what is required")


if __name__ == "__main__":
    main()
