#!/usr/bin/env python3
"""Every #include "room/..." must be an edge allowed here (ARCHITECTURE.md draws them). Names each offender."""
import pathlib
import re
import sys

LOW = {"base", "os", "text", "net"}
ALLOWED = {
    "base": set(),
    "os": {"base"},
    "text": {"base"},
    "net": {"base", "os", "text"},
    "store": {"base"},
    "lab": {"base", "text"},
    "converge": {"base", "text", "store", "drivers"},  # drivers: the generated list only
    "drivers": LOW | {"converge"},
    "resolve": {"base", "text", "lab", "converge"},
    "twin": LOW,
    "decisions": {"base", "text", "lab"},
    "roles": LOW | {"store", "lab", "converge", "resolve", "decisions", "twin", "web"},
    "cli": LOW | {"store", "lab", "converge", "resolve", "decisions", "twin", "roles"},
    "main.c": LOW | {"cli", "roles"},
}
ONLY_USER = {"libfyaml.h": "text", "jansson.h": "text", "curl/curl.h": "net", "sqlite3.h": "store"}

bad = 0
src = pathlib.Path(sys.argv[1]) / "src"
for f in sorted(src.rglob("*.[ch]")):
    room = f.relative_to(src).parts[0]
    unit_test = f.name.startswith(("test_", "fuzz_"))
    for n, line in enumerate(f.read_text().splitlines(), 1):
        m = re.match(r'#include "([^/"]+)/', line)
        if m and m[1] != room and m[1] not in ALLOWED.get(room, set()):
            print(f"{f}:{n}: room '{room}' may not include '{m[1]}'", file=sys.stderr)
            bad = 1
        m = re.match(r"#include <([^>]+)>", line)
        if m and room != ONLY_USER.get(m[1], room) and not unit_test:
            print(f"{f}:{n}: <{m[1]}> is used by room '{ONLY_USER[m[1]]}' only", file=sys.stderr)
            bad = 1
sys.exit(bad)
