#!/usr/bin/python3
"""Embeds a file as a C array: embed-file.py NAME HEADER IN OUT.c"""
import sys

name, header, source, out = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
with open(out, "w", encoding="ascii") as c:
    c.write(f'#include "{header}"\n\nconst unsigned char {name}[] = {{\n')
    for i in range(0, len(data), 20):
        c.write("    " + ", ".join(map(str, data[i:i + 20])) + ",\n")
    c.write(f"}};\nconst size_t {name}_size = {len(data)};\n")
