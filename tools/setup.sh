#!/usr/bin/env bash
# Installs what is needed to build and test Kolcast on Debian 12 (tools/packages), as root or
# through sudo. Does nothing, quickly, when everything is there.
#
#   tools/setup.sh           install what is missing
#   tools/setup.sh --checks  and what lint, fuzz and .ci/run need beyond (Clang and its tools)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $1" >&2
    exit 1
}

command -v dpkg-query >/dev/null ||
    fail "this needs Debian 12 (no apt-get here): install by hand what tools/packages lists"

if [ "${1:-}" = --checks ]; then last='$'; else last='/^# checks/'; fi
mapfile -t wanted < <(sed -n "1,${last}p" tools/packages | grep -v '^#')
# One question for all; packages that dpkg has never heard of only add a line on standard error.
mapfile -t present < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" \
    2>/dev/null | sed -n 's/^installed //p')
# Node.js of another origin is as good, and Debian's npm would not go with it.
node_is_here() {
    command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18)' 2>/dev/null
}
if node_is_here; then present+=(nodejs npm); fi
missing=()
for package in "${wanted[@]}"; do
    # Node.js from elsewhere brings its npm along, and Debian's does not go with it.
    [ "$package" = npm ] && command -v npm >/dev/null && continue
    [[ " ${present[*]} " == *" $package "* ]] || missing+=("$package")
done

[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo here. As root, run:
    apt-get install -y --no-install-recommends ${missing[*]}"
    sudo -n true 2>/dev/null || [ -t 0 ] || fail "sudo wants a password and there is no terminal. As root, run:
    apt-get install -y --no-install-recommends ${missing[*]}"
    as_root=(sudo)
fi

echo "Installing ${#missing[@]} Debian packages (once)…"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" \
        >"$log" 2>&1
}
install() {
    apt install -y --no-install-recommends "${missing[@]}"
}
# The lists may be old or absent: fetch them only when the install fails without.
install || { apt update && install; } || {
    tail -20 "$log" >&2
    fail "apt-get could not install: ${missing[*]}"
}
