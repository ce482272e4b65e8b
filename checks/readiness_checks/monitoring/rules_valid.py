import re
from collections.abc import Iterator

from readiness import Findings, Rendered, Severity, check
from readiness.facts.monitoring import PrometheusRules, Rule, RuleFiles, RuleGroup, rule_sets
from readiness.facts.ports import PromQL

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")


@check(Severity.HIGH)
def rules_valid(objects: Rendered[PrometheusRules] | None, files: RuleFiles | None, promql: PromQL) -> Findings:
    """Prometheus can load every rule.

    Why: with one rule that it cannot read, Prometheus refuses the whole file or the operator leaves it out: alerts that
        everybody counts on do not exist.
    Fix: correct the expression, duration or name in the finding; `promtool check rules` says the same.
    Peers: promtool check rules, pint promql/syntax.
    Source: Prometheus, "Defining recording rules", rule group:
        https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
    """
    for groups in rule_sets(objects, files):
        yield from _names(groups)
        for group in groups:
            for rule in group.rules():
                faults = list(_faults(rule, promql))
                for step, message in faults:
                    yield rule.at(step).expect(False, f"{rule.title}: {message}")
                if not faults:
                    yield rule.at().expect(True, f"{rule.title}: can be loaded")


def _names(groups: tuple[RuleGroup, ...]) -> Findings:
    seen = set()
    for group in groups:
        if not group.name:
            yield group.node.expect(False, "a group without a name, wants one")
        elif group.name in seen:
            yield group.node.at("name").expect(False, f"two groups are named {group.name}, wants different names")
        seen.add(group.name)


def _faults(rule: Rule, promql: PromQL) -> Iterator[tuple[str, str]]:
    if bool(rule.alert) == bool(rule.record):
        yield (
            ("alert", "has alert and record, wants one of them")
            if rule.alert
            else ("alert", "has neither alert nor record")
        )
    read = promql.read(rule.expression) if rule.expression.strip() else "is missing"
    if isinstance(read, str):
        yield "expr", f"expr: {read}"
    if rule.waits is None:
        yield "for", f"for is `{rule.node.raw('for')}`, wants a duration such as 5m"
    if rule.record and not _METRIC.match(rule.record):
        yield "record", "wants a metric name of letters, digits, `_` and `:`"
    for label in rule.node.mapping("labels"):
        if not _LABEL.match(label) or label == "__name__":
            yield "labels", f"label `{label[:60]}` wants letters, digits and `_`"
