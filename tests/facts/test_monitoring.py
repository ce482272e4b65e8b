"""Durations, monitors and objectives."""

import pytest

from readiness.facts.monitoring import duration
from readiness.facts.objectives import ObjectObjectives
from readiness.facts.objects import Objects, Resource


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("28d", 28 * 86400.0),
        ("4w", 28 * 86400.0),
        ("100ms", 0.1),
        ("0", 0.0),
        (0, 0.0),
        ("5 m", None),
        ("30m1h", None),
        ("m", None),
        ("", None),
        (300, None),
        (None, None),
    ],
)
def test_a_duration_as_prometheus_reads_it(text: object, seconds: float | None):
    assert duration(text) == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("spec", "percent"),
    [
        ({"objectives": [{"target": 0.999}]}, 99.9),
        ({"objectives": [{"targetPercent": 99.5}]}, 99.5),
        ({"objectives": [{"target": "0.99"}]}, 99.0),
        ({"objectives": [{"target": True}]}, None),
        ({"objectives": [{"target": 10**400}]}, None),
        ({"objectives": [{}]}, None),
    ],
)
def test_the_share_of_an_openslo_objective(spec: dict[str, object], percent: float | None):
    resource = Resource({"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "web"}, "spec": spec})
    (objective,) = ObjectObjectives(Objects([resource])).items
    assert objective.percent == percent
