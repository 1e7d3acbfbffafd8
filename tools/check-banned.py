#!/usr/bin/env python3
"""Functions that qs does not call (CONTRIBUTING.md says what to use instead). Names each offender."""
import pathlib
import re
import sys

BANNED = {
    "strcpy": "qs_xstrdup or memcpy", "strcat": "qs_buf", "sprintf": "snprintf or qs_buf_printf",
    "vsprintf": "vsnprintf", "gets": "fgets", "strtok": "strcspn", "atoi": "qs_parse_u32", "atol": "qs_parse_u64",
    "strtol": "qs_parse_u64", "strtoul": "qs_parse_u64", "strtoull": "qs_parse_u64", "strtoll": "qs_parse_u64",
    "system": "qs_spawn_run", "popen": "qs_spawn_run", "malloc": "qs_xzalloc or qs_buf", "sleep": "qs_loop_after",
    "usleep": "qs_loop_after",
}
pattern = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
bad = 0
for f in sorted((pathlib.Path(sys.argv[1]) / "src").rglob("*.[ch]")):
    for n, line in enumerate(f.read_text().splitlines(), 1):
        code = re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]
        if code.lstrip().startswith(("*", "/*")):
            continue
        if m := pattern.search(code):
            print(f"{f}:{n}: {m[1]}() is banned, use {BANNED[m[1]]}", file=sys.stderr)
            bad = 1
sys.exit(bad)
