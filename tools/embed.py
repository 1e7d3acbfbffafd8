#!/usr/bin/env python3
"""Writes the files of web/ as C arrays, each also as gzip: embed.py OUT.c FILE…"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def array(name, data):
    lines = (",".join(str(b) for b in data[i:i + 32]) for i in range(0, len(data), 32))
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "\n};\n"


out, rows = ['#include "roles/status/assets.h"\n'], []
for i, path in enumerate(sorted(map(pathlib.Path, sys.argv[2:]))):
    data = path.read_bytes()
    packed = gzip.compress(data, 9, mtime=0)
    tag = hashlib.sha256(data).hexdigest()[:16]
    # A NUL ends each array so that templates can be read as text; len does not count it.
    out.append(array(f"data{i}", data + b"\0") + array(f"gzip{i}", packed))
    rows.append(f'    {{ "{path.name}", "{TYPES[path.suffix]}", "\\"{tag}\\"", data{i}, gzip{i}, '
                f"{len(data)}, sizeof(gzip{i}) }},\n")
out.append("const struct qs_asset qs_assets[] = {\n" + "".join(rows) + "};\n")
out.append(f"const size_t qs_asset_count = {len(rows)};\n")
pathlib.Path(sys.argv[1]).write_text("".join(out))
