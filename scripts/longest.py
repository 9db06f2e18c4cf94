#!/usr/bin/env python3
"""Prints the tests that took longest, from nextest's JUnit report: longest.py REPORT [COUNT]."""

import sys
import xml.etree.ElementTree as ElementTree

report = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 12
tests = [(float(t.get("time", 0)), t.get("classname"), t.get("name")) for t in ElementTree.parse(report).iter("testcase")]
for seconds, binary, name in sorted(tests, reverse=True)[:count]:
    print(f"{seconds:8.1f} s  {binary} {name}")
print(f"{sum(t[0] for t in tests):8.1f} s  in all, of {len(tests)} tests")
