from readiness import Findings, Rendered, Severity, check
from readiness.facts.monitoring import PrometheusRules, RuleFiles, alerts
from readiness.facts.routing import RoutingFiles, RoutingObjects


@check(Severity.HIGH)
def alert_routing(
    objects: Rendered[PrometheusRules] | None,
    files: RuleFiles | None,
    routing_objects: Rendered[RoutingObjects] | None,
    routing_files: RoutingFiles | None,
) -> Findings:
    """Every alert reaches somebody, where the routing is known here.

    Why: an alert that ends in a receiver without a channel fires into the void, and every list shows it as working.
    Fix: add a route for the alert's labels, or a channel to the receiver that it falls into.
    Peers: none; amtool config routes test asks the same by hand.
    Source: Prometheus, Alertmanager configuration, route:
        https://prometheus.io/docs/alerting/latest/configuration/#route
    """
    known = [*(routing_objects.items if routing_objects else ()), *(routing_files.items if routing_files else ())]
    if not known:
        return
    for rule in alerts(objects, files):
        labels = {**rule.labels, "alertname": rule.alert}
        reached = [name for routing in known for name in routing.receivers(labels) if not routing.silent(name)]
        silent = sorted({name or "no receiver" for routing in known for name in routing.receivers(labels)})
        yield rule.at("labels").expect(
            bool(reached),
            f"{rule.title}: reaches {', '.join(dict.fromkeys(reached))}"
            if reached
            else f"{rule.title}: ends in {', '.join(silent)}, where nobody hears of it",
        )
