from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.monitoring import RULES_ABSENT, PrometheusRules, RuleFiles, alerts
from readiness.facts.ports import Expression, PromQL
from readiness.facts.settings import ServiceSettings
from readiness.facts.signals import signals
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def alert_coverage(
    workloads: Rendered[Workloads],
    objects: Rendered[PrometheusRules],
    files: RuleFiles | None,
    promql: PromQL,
    settings: ServiceSettings,
    *,
    wanted: Annotated[
        tuple[str, ...], "signals that an alert must watch: availability, latency, saturation", Stricter.MORE
    ] = ("availability", "latency", "saturation"),
) -> Findings:
    """Alerts watch whether the service answers, how fast, and how full it is.

    Why: without them, customers are the monitoring; the team hears of an outage from whoever complains first.
    Fix: add an alert for the missing signal to a PrometheusRule or a rule file: the share of 5xx or `up`, a quantile of
        the request duration, memory, CPU, queue or pool use.
    Peers: none; asked for by Mercari's and GitLab's readiness reviews.
    Source: Google, "Site Reliability Engineering", the four golden signals:
        https://sre.google/sre-book/monitoring-distributed-systems/
    """
    if not any(True for _ in workloads.long_running()):
        return
    watched: dict[str, str] = {}
    for rule in alerts(objects, files):
        expression = promql.read(rule.expression)
        if isinstance(expression, Expression):
            for signal in signals(rule.alert, expression):
                watched.setdefault(signal, rule.alert)
    for signal in wanted:
        alert = watched.get(signal)
        severity = None if signal == "availability" else Severity.MEDIUM
        said = f"{signal} is watched by {alert}" if alert else f"no alert watches {signal}, wants one"
        yield settings.at("alerts", signal).expect(
            alert is not None, said, severity=severity, absence=() if alert else RULES_ABSENT
        )
