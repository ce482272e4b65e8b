"""Standalone JSON schemas for kubeconform, made from those that the kubernetes-validate package carries.

kubeconform fetches its schemas from the network unless it is given a folder; the package's own files refer to a common
file of definitions by an address that kubeconform does not resolve. Here each kind gets the definitions it reaches.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VERSION = "v1.34.0"
ELSEWHERE = "/api/_definitions.json#/$defs/"
HERE = "#/$defs/"


def _references(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def standalone(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema with every definition that it reaches, at any depth, under its own ``$defs``."""
    reached: dict[str, Any] = {}
    open_nodes: list[Any] = [schema]
    while open_nodes:
        for node in _references(open_nodes.pop()):
            name = node["$ref"].removeprefix(ELSEWHERE).removeprefix(HERE)
            node["$ref"] = HERE + name
            if name not in reached:
                reached[name] = definitions[name]
                open_nodes.append(definitions[name])
    return {**schema, "$defs": reached}


def write(folder: Path) -> str | None:
    """Write one file per kind into the folder and return kubeconform's ``-schema-location`` for it.

    None where kubernetes-validate is not installed (it belongs to the dependency group ``dev``).
    """
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        return None
    source = Path(spec.origin).parent / "kubernetes-json-schema" / f"{VERSION}-local-strict"
    folder.mkdir(parents=True, exist_ok=True)
    definitions = json.loads((source / "_definitions.json").read_text("utf-8"))["$defs"]
    for path in source.glob("*-v*.json"):
        schema = json.loads(path.read_text("utf-8"))
        if "x-kubernetes-group-version-kind" in schema:  # the others are parts of kinds
            (folder / path.name).write_text(json.dumps(standalone(schema, definitions)), "utf-8")
    return f"{folder.resolve()}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
