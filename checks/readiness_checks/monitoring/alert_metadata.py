from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.monitoring import PrometheusRules, RuleFiles, alerts


@check(Severity.MEDIUM)
def alert_metadata(
    objects: Rendered[PrometheusRules] | None,
    files: RuleFiles | None,
    *,
    labels: Annotated[tuple[str, ...], "labels that every alert carries", Stricter.MORE] = ("severity",),
    annotations: Annotated[tuple[str, ...], "annotations that every alert carries", Stricter.MORE] = (
        "summary",
        "runbook_url",
    ),
) -> Findings:
    """Every alert says how bad it is, what happened, and where to read what to do.

    Why: Alertmanager routes by labels; whoever is woken by an alert without a runbook starts from nothing at night.
    Fix: add the missing label or annotation to the rule.
    Peers: pint alerts/annotation and rule/label.
    Source: Prometheus, "Alerting rules": https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
    """
    for rule in alerts(objects, files):
        lacks = [f"label {name}" for name in labels if not rule.labels.get(name)]
        lacks += [f"annotation {name}" for name in annotations if not rule.annotations.get(name)]
        said = f"lacks {', '.join(lacks)}" if lacks else "has its labels and annotations"
        yield rule.at("alert").expect(not lacks, f"{rule.title}: {said}")
