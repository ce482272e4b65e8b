"""What an alert watches: availability, latency, saturation or traffic, told from what its expression reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readiness.facts.ports import Expression

_WORDS = re.compile(r"[a-z0-9]+")
_LATENCY = frozenset("latency duration durations apdex ttfb slow response".split())
_ERRORS = frozenset(
    "error errors errored fail failed failure failures failing exception exceptions panic panics 5xx unavailable "
    "rejected dropped crash restarts up success unsuccessful availability".split()
)
_SATURATION = frozenset(
    "cpu memory mem disk volume volumes inode inodes filesystem queue queued backlog lag pool threads thread "
    "saturation saturated inflight throttled throttling utilization utilisation usage connections descriptors fds "
    "oom evicted storage capacity heap goroutines pending".split()
)
_STATUS = frozenset(
    {"code", "status", "status_code", "http_status", "http_code", "response_code", "grpc_code", "grpc_status"}
)
_STATUS |= {"http_response_status_code", "http_status_code", "rpc_grpc_status_code"}
_WHOLE = {
    "kube_deployment_status_replicas_available": "availability",
    "kube_deployment_status_replicas_unavailable": "availability",
    "kube_statefulset_status_replicas_ready": "availability",
    "kube_pod_container_status_waiting_reason": "availability",
    "kube_pod_status_ready": "availability",
    "kube_horizontalpodautoscaler_status_current_replicas": "saturation",
    "kube_horizontalpodautoscaler_spec_max_replicas": "saturation",
    "probe_success": "availability",
    "up": "availability",
}


def signals(name: str, expression: Expression) -> frozenset[str]:
    """Which of `availability`, `latency`, `saturation` an alert of that name and expression watches."""
    return frozenset(_signals(name, expression))


def _signals(name: str, expression: Expression) -> Iterator[str]:
    if expression.functions & {"histogram_quantile", "histogram_fraction"}:
        yield "latency"
    if expression.functions & {"absent", "absent_over_time"}:
        yield "availability"
    for label, operator, value in expression.matchers:
        if label in _STATUS and operator in {"=", "=~"} and value[:1] in {"5", "[", "("} and "5" in value:
            yield "availability"
    for metric in expression.metrics:
        if metric in _WHOLE:
            yield _WHOLE[metric]
        yield from _by_words(set(_WORDS.findall(metric.lower())))
    yield from _by_words(set(_WORDS.findall(_split(name))))


def _by_words(words: set[str]) -> Iterator[str]:
    if words & _LATENCY:
        yield "latency"
    if words & _ERRORS:
        yield "availability"
    if words & _SATURATION or {"in", "progress"} <= words or {"in", "flight"} <= words or {"max", "replicas"} <= words:
        yield "saturation"


def _split(name: str) -> str:
    """`PaymentsLatencyHigh` in words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
