#!/usr/bin/python3
"""Embeds the numbered migrations as C strings: embed-migrations.py OUT.c FILE.sql …"""

import os
import sys


def quoted(line):
    return '    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main(out, files):
    with open(out, "w", encoding="utf-8") as c:
        c.write('#include "store/sqlite/migrations.h"\n\nconst struct migration migrations[] = {\n')
        for number, path in enumerate(sorted(files), 1):
            name = os.path.basename(path)
            if int(name.split("_")[0]) != number:
                sys.exit(f"{name}: migrations are numbered 1, 2, 3 … without a gap")
            with open(path, encoding="utf-8") as sql:
                text = "\n".join(quoted(line.rstrip("\n")) for line in sql)
            c.write(f'    {{"{name}",\n{text}}},\n')
        c.write("};\n\nconst int migration_count = sizeof(migrations) / sizeof(migrations[0]);\n")


main(sys.argv[1], sys.argv[2:])
