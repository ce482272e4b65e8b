#!/bin/sh
# Copies the example to TARGET and breaks AREA in the copy: lays AREA/files over it, and deletes what AREA/remove.txt names.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

fail() {
  printf '%s\n' "$1" >&2
  exit 2
}

[ $# -eq 2 ] || fail "usage: $0 AREA TARGET (AREA: a folder here with files/ or remove.txt; TARGET: a new folder)"
area=$here/$1
target=$2
[ -d "$area/files" ] || [ -f "$area/remove.txt" ] || fail "$0: $1 has neither files/ nor remove.txt"
[ ! -e "$target" ] || fail "$0: $target is there already; give the name of a new folder"

mkdir -p "$target"
tar -C "$here/.." -cf - --exclude=./.git --exclude=./.venv --exclude=./broken --exclude=__pycache__ . | tar -C "$target" -xf -
if [ -d "$area/files" ]; then
  cp -R "$area/files/." "$target/"
fi
if [ -f "$area/remove.txt" ]; then
  while IFS= read -r path; do
    [ -e "$target/$path" ] || fail "$0: $area/remove.txt names $path, which the example does not have"
    rm -r -- "${target:?}/$path"
  done <"$area/remove.txt"
fi
