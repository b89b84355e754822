#!/usr/bin/python3
"""Embeds the built web application: embed-web.py DIST OUT.c DEPFILE

Writes a table of struct http_asset. The files themselves are taken in by the assembler (.incbin),
since a compiler is slow with arrays of megabytes. Without DIST the table is empty. Variants that are
packed already lie beside the files as .br and .gz (web/tools/pack.mjs)."""
import os
import re
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
PACKED = {".br": "br", ".gz": "gzip"}
# What a bundler names after its content: app-3f2aB_c9.js.
HASHED = re.compile(r"/assets/.*-[A-Za-z0-9_-]{8}\.\w+$")
LEFT_OUT = {".complete", "manifest.json"}  # for the build itself


def files(dist):
    for folder, _, names in os.walk(dist):
        for name in names:
            if name not in LEFT_OUT and os.path.splitext(name)[1] not in PACKED:
                yield os.path.join(folder, name)


def main():
    dist, out, depfile = sys.argv[1:]
    dist = os.path.abspath(dist)
    blobs, rows = [], []

    def blob(path):
        blobs.append(path)
        return f"web_file_{len(blobs) - 1}"

    for path in sorted(files(dist)):
        url = "/" + os.path.relpath(path, dist)
        kind = TYPES.get(os.path.splitext(path)[1])
        if not kind:
            sys.exit(f"embed-web.py: {path}: no media type is known for this ending; add it to TYPES")
        row = [f'.path = "{url}", .type = "{kind}"']
        name = blob(path)
        row.append(f".data = {name}, .len = {os.path.getsize(path)}")
        for ending, field in PACKED.items():
            if os.path.exists(path + ending):
                row.append(f".{field} = {blob(path + ending)}, .{field}_len = {os.path.getsize(path + ending)}")
        if HASHED.search(url):
            row.append(".immutable = true")
        rows.append("    {" + ", ".join(row) + "},\n")

    with open(out, "w", encoding="utf-8") as c:
        c.write('#include "cmd/web.h"\n\n')
        for i, path in enumerate(blobs):
            c.write(f'__asm__(".section .rodata\\n.balign 16\\nweb_file_{i}:\\n.incbin \\"{path}\\"\\n.previous");\n')
        for i in range(len(blobs)):
            c.write(f"extern const unsigned char web_file_{i}[];\n")
        c.write("\nconst struct http_asset web_assets[] = {\n" + "".join(rows))
        # No array of C is empty.
        c.write("" if rows else "    {.path = \"\"},\n")
        c.write(f"}};\nconst unsigned web_asset_count = {len(rows)};\n")
    with open(depfile, "w", encoding="utf-8") as d:
        # Written last by the web application's build, so it alone says that something is new.
        d.write(f"{out}: {os.path.join(dist, '.complete')}\n")


if __name__ == "__main__":
    main()
