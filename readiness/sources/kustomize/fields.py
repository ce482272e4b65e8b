"""The fields of a kustomization that write into objects: images, replicas, labels, namespace, generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.model import Route
from readiness.sources.kustomize.layers import Layer, mappings
from readiness.sources.kustomize.origins import Source, is_name
from readiness.sources.kustomize.translating import MISSING, value_at


def by_kustomization(layer: Layer, source: Source, body: Mapping[str, Any], route: Route) -> Route | None:
    """The route in the kustomization of `layer` that wrote the value at `route` of a built object, or None."""
    value = value_at(body, route)
    if value is MISSING or not route or isinstance(value, dict | list):
        return None
    last = route[-1]
    if last == "image" and isinstance(value, str):
        return _image(layer, value)
    if route == ("spec", "replicas"):
        return _replicas(layer, source, value)
    names_one = last == "namespace" or (route == ("metadata", "name") and body.get("kind") == "Namespace")
    if names_one and value == layer.get("namespace"):
        return ("namespace",)
    if route[:-1] and route[-2] in ("labels", "matchLabels", "selector"):
        found = _label(layer, str(last), value)
    elif route[:-1] and route[-2] == "annotations":
        found = _pair(layer, "commonAnnotations", str(last), value)
    else:
        found = None
    if found:
        return found
    if source.generator is not None:
        return _generated(layer, source, route, value)
    return None


def _image(layer: Layer, image: str) -> Route | None:
    for index, entry in mappings(layer.get("images")):
        name, tag, digest = entry.get("newName") or entry.get("name"), entry.get("newTag"), entry.get("digest")
        if not isinstance(name, str) or not image.startswith(name):
            continue
        rest = image[len(name) :]
        if digest and rest in (f"@{digest}", f":{tag}@{digest}"):
            return ("images", index, "digest")
        if tag and rest == f":{tag}":
            return ("images", index, "newTag")
        if entry.get("newName") and rest[:1] in ("", ":", "@"):
            return ("images", index, "newName")
    return None


def _replicas(layer: Layer, source: Source, value: Any) -> Route | None:
    written = source.written.body.get("metadata") if source.written else None
    name = written.get("name") if isinstance(written, dict) else None
    for index, entry in mappings(layer.get("replicas")):
        called = entry.get("name")
        if not isinstance(called, str) or entry.get("count") != value:
            continue
        if called == name or (isinstance(name, str) and is_name(source, name, called)):
            return ("replicas", index, "count")
    return None


def _label(layer: Layer, key: str, value: Any) -> Route | None:
    for index, entry in mappings(layer.get("labels")):
        pairs = entry.get("pairs")
        if isinstance(pairs, dict) and pairs.get(key) == value:
            return ("labels", index, "pairs", key)
    return _pair(layer, "commonLabels", key, value)


def _pair(layer: Layer, where: str, key: str, value: Any) -> Route | None:
    pairs = layer.get(where)
    return (where, key) if isinstance(pairs, dict) and key in pairs and pairs[key] == value else None


def _generated(layer: Layer, source: Source, route: Route, value: Any) -> Route | None:
    """The literal or file of a generator that brought one entry. Those of secrets are encoded: the key says enough."""
    assert source.generator is not None, "the caller has looked"  # noqa: S101
    kind, index = source.generator
    key = str(route[-1])
    name = source.layer.get(kind)[index].get("name")
    for number, entry in mappings(layer.get(kind)):
        if entry.get("name") != name:
            continue
        if route == ("metadata", "name"):
            return (kind, number, "name")
        if route[:-1] in (("metadata", "labels"), ("metadata", "annotations")):
            options: Route = ("options", *route[1:])
            return (kind, number, *options) if value_at(entry, options) == value else None
        for inner, literal in enumerate(entry.get("literals") or []):
            name_of, _, said = literal.partition("=") if isinstance(literal, str) else ("", "", "")
            if name_of == key and (kind == "secretGenerator" or said.strip("'\"") == value):
                return (kind, number, "literals", inner)
        for inner, file in enumerate(entry.get("files") or []):
            if isinstance(file, str) and (file.partition("=")[0] if "=" in file else file.rpartition("/")[2]) == key:
                return (kind, number, "files", inner)
    return None
