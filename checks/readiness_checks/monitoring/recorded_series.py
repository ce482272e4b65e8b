from readiness import Findings, Rendered, Severity, check
from readiness.facts.monitoring import RULES_ABSENT, PrometheusRules, RuleFiles, rules
from readiness.facts.ports import Expression, PromQL


@check(Severity.MEDIUM)
def recorded_series(objects: Rendered[PrometheusRules] | None, files: RuleFiles | None, promql: PromQL) -> Findings:
    """Every recorded series that an alert reads is recorded.

    Why: an alert over a series that nobody writes never fires, and looks healthy in every list.
    Fix: correct the name, or add the recording rule to the same set of rules.
    Peers: pint promql/series (asks a running Prometheus).
    Source: Prometheus, "Recording rules", naming: https://prometheus.io/docs/practices/rules/#naming
    """
    recorded = {rule.record for rule in rules(objects, files) if rule.record}
    levels = {name.partition(":")[0] for name in recorded}
    for rule in rules(objects, files):
        expression = promql.read(rule.expression)
        if not rule.alert or not isinstance(expression, Expression):
            continue
        # A name with colons is a recorded one; those of other teams begin with another word.
        read = [name for name in expression.metrics if name.partition(":")[0] in levels and ":" in name.strip(":")]
        missing = [name for name in read if name not in recorded]
        if read:
            yield rule.at("expr").expect(
                not missing,
                f"{rule.title}: reads {', '.join(missing)}, which no rule records"
                if missing
                else f"{rule.title}: reads recorded series",
                absence=RULES_ABSENT if missing else (),
            )
