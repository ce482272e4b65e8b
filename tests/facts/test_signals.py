"""What an alert watches."""

import pytest

from readiness.facts.ports import Expression
from readiness.facts.signals import signals
from readiness.sources.promql import parse


def watched(expression: str, name: str = "Some") -> frozenset[str]:
    read = parse(expression)
    assert isinstance(read, Expression), read
    return signals(name, read)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ('sum(rate(http_requests_total{code=~"5.."}[5m])) > 1', "availability"),
        ('sum(rate(http_requests_total{status="503"}[5m])) > 1', "availability"),
        ('absent(up{job="web"})', "availability"),
        ("probe_success == 0", "availability"),
        ("web:http_errors:ratio_rate1h > 0.01", "availability"),
        ("histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m]))) > 1", "latency"),
        ("web_request_duration_seconds > 1", "latency"),
        ("container_memory_working_set_bytes > 1e9", "saturation"),
        ("web_http_requests_in_progress > 100", "saturation"),
        ("kubelet_volume_stats_available_bytes < 1e9", "saturation"),
    ],
)
def test_an_expression_tells_its_signal(expression: str, wanted: str):
    assert watched(expression) == {wanted}


@pytest.mark.parametrize(
    "expression", ["build_info", 'sum(rate(http_requests_total{code="200"}[5m])) == 0', "cupboard_doors"]
)
def test_other_expressions_tell_none(expression: str):
    assert watched(expression) == frozenset()


def test_the_name_of_the_alert_counts_too():
    assert watched("x > 1", "WebLatencyHigh") == {"latency"}
