#!/usr/bin/python3
"""Embeds a file as C arrays, as it is and compressed: embed-file.py NAME HEADER IN OUT.c makes NAME,
NAME_gzip and NAME_br, and NAME_size and so on."""
import gzip
import sys

import brotli

name, header, source, out = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
forms = {"": data, "_gzip": gzip.compress(data, 9, mtime=0), "_br": brotli.compress(data)}
with open(out, "w", encoding="ascii") as c:
    c.write(f'#include "{header}"\n')
    for form, content in forms.items():
        c.write(f"\nconst unsigned char {name}{form}[] = {{\n")
        for i in range(0, len(content), 20):
            c.write("    " + ", ".join(map(str, content[i:i + 20])) + ",\n")
        c.write(f"}};\nconst size_t {name}{form}_size = {len(content)};\n")
