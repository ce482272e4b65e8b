import re

from readiness import Findings, Rendered, Severity, check
from readiness.facts.monitoring import RULES_ABSENT, PrometheusRules, Rule, RuleFiles, alerts, duration
from readiness.facts.objectives import FileObjectives, ObjectObjectives, objectives
from readiness.facts.ports import Expression, PromQL

# Recorded series end in their window: `ratio_rate5m`, `error_ratio_1h`.
_WINDOW = re.compile(r"(\d{1,5}(?:ms|s|m|h|d|w))\Z")


@check(Severity.MEDIUM)
def burn_rate(
    objects: Rendered[PrometheusRules] | None,
    files: RuleFiles | None,
    object_objectives: Rendered[ObjectObjectives] | None,
    file_objectives: FileObjectives | None,
    promql: PromQL,
) -> Findings:
    """Alerts watch how fast the error budget of the objectives is burnt, over two windows each.

    Why: a single threshold either wakes people for nothing or sees a slow leak when the month's budget is gone.
    Fix: alert where the error ratio of 1 h and of 5 m is above 14.4 times the budget, and that of 6 h and 30 m above 6
        times; Sloth and Pyrra make these rules from the objective.
    Peers: none.
    Source: Google, "The Site Reliability Workbook", alerting on SLOs: https://sre.google/workbook/alerting-on-slos/
    """
    known = list(objectives(object_objectives, file_objectives))
    if not known:
        return
    watching = [rule.alert for rule in alerts(objects, files) if len(_windows(rule, promql)) > 1]
    watching += [f"those made from {o.name}" for o in known if o.generates]
    yield known[0].node.expect(
        bool(watching),
        f"the budget is watched by {', '.join(watching)}"
        if watching
        else "no alert watches the budget over two windows, wants one",
        absence=() if watching else RULES_ABSENT,
    )


def _windows(rule: Rule, promql: PromQL) -> set[float]:
    """The windows whose ratios the alert joins with `and`."""
    expression = promql.read(rule.expression)
    if not isinstance(expression, Expression) or "and" not in expression.functions:
        return set()
    windows = {s.seconds for s in expression.selectors if s.seconds}
    for name in expression.metrics:
        match = _WINDOW.search(name) if ":" in name else None
        windows |= {duration(match[1]) or 0.0} if match else set()
    return windows
