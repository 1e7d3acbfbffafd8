#!/usr/bin/env python3
"""Writes the files of the starting lab into a C table: embed.py FOLDER FILE... > start.c"""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
print('#include "lab/start.h"\n\nconst struct lab_start_file lab_start[] = {')
for name in sys.argv[2:]:
    print(f'    {{ "{name}",')
    for line in (folder / name).read_text().splitlines(keepends=True):
        print(f"      {json.dumps(line)}")
    print("    },")
print("    { NULL, NULL },\n};")
