#!/bin/sh
# Gives a release its own virtual environment. What one lock file asks for is installed once and then linked, file by file,
# so that the next release with the same lock file is ready in a second.
set -eu

python=${PYTHON:-python3}
hash=$(sha256sum requirements.lock | cut -c 1-16)
tag=$("$python" -c 'import sys; print(sys.implementation.cache_tag)')
cache="${XDG_CACHE_HOME:-$HOME/.cache}/payments/$tag-$hash"

if [ ! -e "$cache/complete" ]; then
    mkdir -p "$(dirname "$cache")"
    new=$(mktemp -d "$cache.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    "$python" -m venv "$new/venv"
    "$new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --requirement requirements.lock
    "$new/venv/bin/python" -m compileall -q "$new/venv/lib" >/dev/null || true
    touch "$new/complete"
    # Whoever comes second keeps what the first one made.
    mv -T "$new" "$cache" 2>/dev/null || [ -e "$cache/complete" ]
fi

rm -rf .venv
cp -al "$cache/venv" .venv 2>/dev/null || { rm -rf .venv && cp -a "$cache/venv" .venv; }
