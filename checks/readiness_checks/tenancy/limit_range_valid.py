from itertools import pairwise

from readiness import Findings, Severity, check
from readiness.facts.tenancy import Namespaces

_ORDER = ("min", "defaultRequest", "default", "max")


@check(Severity.MEDIUM)
def limit_range_valid(namespaces: Namespaces) -> Findings:
    """The bounds of every limit range are in order.

    Why: a LimitRange whose defaults lie outside its own bounds is refused by the API server, and with it the guard
        rail.
    Fix: bring the amounts into the order `min`, `defaultRequest`, `default`, `max`.
    Peers: none.
    Source: Kubernetes, "Limit Ranges": https://kubernetes.io/docs/concepts/policy/limit-range/
    """
    for namespace in namespaces:
        for limit in namespace.limits:
            for resource in limit.resources():
                written = [(key, limit.bound(key, resource)) for key in _ORDER]
                amounts = [(key, amount) for key, amount in written if amount is not None]
                wrong = [f"{low} above {high}" for (low, a), (high, b) in pairwise(amounts) if a > b]
                said = f"{resource} has {' and '.join(wrong)}" if wrong else f"{resource} is in order"
                yield limit.node.expect(not wrong, f"{said}, wants {', '.join(_ORDER)} in order")
