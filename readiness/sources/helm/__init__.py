"""Charts: the objects that Helm really renders with the values of one environment, traced back to the templates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from readiness.facts.objects import Objects
from readiness.facts.writings import Writings
from readiness.model import Gap, Input, Origin, Reading, Span, Supply
from readiness.sources.helm.chart import Chart
from readiness.sources.programs import find, how_to_install, missing

__all__ = ["Chart", "read"]

PROVIDES: frozenset[type] = frozenset({Objects, Writings})


def read(charts: Sequence[Chart], root: Path, *, namespace: str = "default", kubernetes: str = "") -> Supply:
    """The objects of all `charts`, whose paths are relative to `root`, as Helm renders them.

    `kubernetes` is the version that templates see, such as `1.34`; the newest that is known where none is given.
    Nothing is downloaded and no cluster is asked. A chart that does not render is a gap with Helm's own words; the
    others are read all the same.
    """
    helm = find("helm", root)
    if helm is None:
        return _without_helm(charts, missing("helm", "the chart cannot be rendered"))
    from readiness.sources.helm.rendering import render_all

    with TemporaryDirectory(prefix="readiness-helm-") as folder:
        return render_all(helm, charts, root, Path(folder), namespace=namespace, kubernetes=kubernetes)


def _without_helm(charts: Sequence[Chart], cause: str) -> Supply:
    gaps = tuple(Gap("helm", cause, Span(f"{c.path}/Chart.yaml", 1), advice=how_to_install("helm")) for c in charts)
    inputs = tuple(Input(c.path, Reading.NOT_EXAMINED, cause) for c in charts)
    return Supply("helm", PROVIDES, {}, Origin.RENDERED, gaps, inputs)
