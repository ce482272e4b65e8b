from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.monitoring import PrometheusRules, RuleFiles, rules
from readiness.facts.ports import Expression, PromQL
from readiness.facts.scraping import Monitors

_RATES = frozenset({"rate", "increase", "irate", "delta", "idelta", "deriv"})


@check(Severity.MEDIUM)
def rate_window(
    objects: Rendered[PrometheusRules] | None,
    files: RuleFiles | None,
    monitors: Rendered[Monitors] | None,
    promql: PromQL,
    *,
    interval: Annotated[int, "seconds between two scrapes, where no monitor of the set says it", Stricter.HIGHER] = 60,
    scrapes: Annotated[int, "scrapes that a window must hold", Stricter.HIGHER] = 2,
) -> Findings:
    """Every rate looks at a window of several scrapes.

    Why: a rate needs two samples; in a window as short as the interval it often has one, and then the alert sees
        nothing.
    Fix: take a window of four scrape intervals, `[2m]` for 30 s, or scrape more often.
    Peers: pint promql/rate.
    Source: Prometheus, functions, `rate`: https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
    """
    between = (monitors.interval() if monitors else None) or interval
    for rule in rules(objects, files):
        expression = promql.read(rule.expression)
        if not isinstance(expression, Expression):
            continue
        windows = {s.seconds for s in expression.selectors if s.function in _RATES and s.seconds}
        if windows:
            least = min(windows)
            yield rule.at("expr").expect(
                least >= scrapes * between,
                f"{rule.title}: has a window of {least:g} s, wants {scrapes} scrapes of {between:g} s",
            )
