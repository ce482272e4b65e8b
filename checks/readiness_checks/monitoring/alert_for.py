from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.monitoring import PrometheusRules, RuleFiles, alerts


@check(Severity.LOW)
def alert_for(
    objects: Rendered[PrometheusRules] | None,
    files: RuleFiles | None,
    *,
    paging: Annotated[tuple[str, ...], "values of the label severity that wake somebody", Stricter.MORE] = (
        "critical",
        "page",
    ),
    minimum: Annotated[int, "seconds that the condition must hold before it wakes somebody", Stricter.HIGHER] = 60,
) -> Findings:
    """No alert wakes somebody before its condition has held for a while.

    Why: one failed scrape or a single slow minute fires it; people learn to ignore what rights itself.
    Fix: set `for` to a minute or more; two scrapes at the least.
    Peers: pint alerts/for.
    Source: Prometheus, "Alerting", practices: https://prometheus.io/docs/practices/alerting/
    """
    for rule in alerts(objects, files):
        waits = rule.waits
        if rule.labels.get("severity") in paging and waits is not None:
            yield rule.at("for").expect(
                waits >= minimum, f"{rule.title}: fires after {waits:g} s, wants {minimum} or more", seconds=waits
            )
