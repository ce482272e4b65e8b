"""Overlays: the objects that kustomize really builds, traced back to base, patch or kustomization."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from readiness.facts.objects import Objects
from readiness.facts.writings import Writings
from readiness.model import Gap, Origin, Reading, Span, Supply
from readiness.sources.harvest import Harvest
from readiness.sources.kustomize.building import Builder, build_all, builder
from readiness.sources.kustomize.graph import walk
from readiness.sources.programs import how_to_install

__all__ = ["read"]

PROVIDES: frozenset[type] = frozenset({Objects, Writings})


def read(paths: Sequence[str], root: Path, *, namespace: str = "default") -> Supply:
    """The objects of all overlays at `paths`, relative to `root`, as kustomize builds them.

    Nothing is downloaded, no plugin runs, and no file outside an overlay's own folders is loaded. An overlay that does
    not build is a gap with kustomize's own words, or with ours and the line; the others are read all the same.
    """
    graphs = [(path, walk(path, root)) for path in paths]
    program = builder(root)
    harvest = Harvest(namespace)
    if isinstance(program, Builder):
        build_all(program, graphs, harvest)
    else:
        for path, graph in graphs:
            span = Span(graph.top.shown if graph.top else path, 1)
            harvest.lost(path, Gap("kustomize", program, span, advice=how_to_install("kustomize")))
    examined = any(i.reading is Reading.CHECKED for i in harvest.inputs)
    facts: dict[type, Any] = {Objects: Objects(harvest.resources), Writings: Writings(tuple(harvest.writings))}
    return Supply(
        "kustomize",
        PROVIDES,
        facts if harvest.resources or examined or not paths else {},
        Origin.RENDERED,
        tuple(harvest.gaps),
        tuple(harvest.inputs),
        tuple(dict.fromkeys(harvest.notes)),
    )
