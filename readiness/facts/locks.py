"""Lock files of Node, Go, Rust and PHP, read by the parsers of their formats."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from readiness.facts.repository import File
from readiness.facts.requirements import Lock, Requirement


def node_lock(file: File, manifest: File) -> Lock:
    """npm's lock by what it says of the manifest's folder, Yarn's by its entries; of others that they are there."""
    if file.name == "yarn.lock":
        return _yarn(file)
    if not file.name.endswith(".json"):
        return Lock(file)
    value, fault = as_json(file)
    if fault:
        return Lock(file, fault=fault)
    folder = manifest.folder.removeprefix(file.folder).strip("/")
    packages = mapping(value.get("packages"))
    if not packages:  # the format of npm 6
        known = mapping(value.get("dependencies"))
        return Lock(file, {n: frozenset({str(mapping(d).get("version", ""))}) for n, d in known.items()})
    own = mapping(packages.get(folder))
    asked = {
        str(name): str(wanted)
        for group in ("dependencies", "devDependencies", "optionalDependencies")
        for name, wanted in mapping(own.get(group)).items()
    }
    named = [
        (path.rpartition("node_modules/")[2], mapping(p)) for path, p in packages.items() if "node_modules/" in path
    ]
    remote = [p for _, p in named if not p.get("link") and str(p.get("resolved", "")).startswith("http")]
    return Lock(file, _grouped((n, p.get("version")) for n, p in named), asked, all(p.get("integrity") for p in remote))


def _yarn(file: File) -> Lock:
    """Entries begin at the margin: `"name@range", name@other:` in both formats of Yarn."""
    asked: dict[str, str] = {}
    pairs: list[tuple[str, object]] = []
    heads: list[str] = []
    for line in file.lines:
        if line and not line[0].isspace() and line.endswith(":") and not line.startswith("#"):
            heads = [h.strip().strip('"') for h in line[:-1].split(",")]
            heads = [h for h in heads if "@" in h[1:]]
        elif line.startswith("  version") and heads:
            version = line.split(None, 1)[1].strip('": ')
            pairs += [(h[: h.index("@", 1)], version) for h in heads]
            asked |= {f"{h[: h.index('@', 1)]}@{h[h.index('@', 1) + 1 :].removeprefix('npm:')}": version for h in heads}
            heads = []
    return Lock(file, _grouped(pairs), asked)


def go_requirements(file: File) -> Iterator[Requirement]:
    """The `require` lines of a go.mod that no `replace` sends elsewhere."""
    lines = list(_go_lines(file))
    replaced = {words[1] for _, words in lines if words[0] == "replace" and len(words) > 1}
    for number, words in lines:
        if words[0] == "require" and len(words) >= 3 and words[1] not in replaced:
            yield Requirement(words[1], words[2], file.at("require", words[1], number))


def _go_lines(file: File) -> Iterator[tuple[int, list[str]]]:
    """Each directive with its words; those of a block carry the block's name before them."""
    block = ""
    for number, line in enumerate(file.lines, 1):
        words = line.partition("//")[0].split()
        if not words:
            continue
        if block and words[0] == ")":
            block = ""
        elif block:
            yield number, [block, *words]
        elif len(words) == 2 and words[1] == "(":
            block = words[0]
        else:
            yield number, words


def go_sum(file: File) -> Lock:
    """The versions that carry a checksum, of the module or of its go.mod."""
    rows = (line.split() for line in file.lines)
    return Lock(file, _grouped((r[0], r[1].removesuffix("/go.mod")) for r in rows if len(r) == 3), hashed=True)


def cargo_lock(file: File) -> Lock:
    value, fault = as_toml(file)
    if fault:
        return Lock(file, fault=fault)
    items = [mapping(p) for p in sequence(value.get("package"))]
    remote = [p for p in items if str(p.get("source", "")).startswith("registry+")]
    return Lock(
        file, _grouped((p.get("name"), p.get("version")) for p in items), hashed=all(p.get("checksum") for p in remote)
    )


def composer_lock(file: File) -> Lock:
    value, fault = as_json(file)
    if fault:
        return Lock(file, fault=fault)
    items = [mapping(p) for key in ("packages", "packages-dev") for p in sequence(value.get(key))]
    return Lock(file, _grouped((str(p.get("name", "")).lower(), p.get("version")) for p in items))


def as_json(file: File) -> tuple[dict[str, Any], str]:
    """The mapping that a JSON file holds, or why there is none."""
    return _loaded(file, json.loads, "JSON")


def as_toml(file: File) -> tuple[dict[str, Any], str]:
    """The mapping that a TOML file holds, or why there is none."""
    return _loaded(file, tomllib.loads, "TOML")


def _loaded(file: File, read: Callable[[str], Any], language: str) -> tuple[dict[str, Any], str]:
    try:
        value = read(file.text)
    except (ValueError, RecursionError) as fault:
        return {}, f"is no {language}: {str(fault) or 'nested too deeply'}"
    return (value, "") if isinstance(value, dict) else ({}, f"is {language} without a mapping at its top")


def _grouped(pairs: Iterable[tuple[object, object]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, version in pairs:
        if isinstance(name, str) and name:
            found.setdefault(name, set()).add(version if isinstance(version, str) else "")
    return {name: frozenset(versions) for name, versions in found.items()}


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
