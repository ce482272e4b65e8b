from typing import Annotated

from readiness import Findings, PerTier, Rendered, Severity, Stricter, check
from readiness.facts.objectives import FileObjectives, ObjectObjectives, objectives


@check(Severity.LOW)
def slo_objective(
    objects: Rendered[ObjectObjectives] | None,
    files: FileObjectives | None,
    *,
    percent: Annotated[
        float, "what the strictest objective must promise, in percent", Stricter.HIGHER, PerTier({1: 99.9, 2: 99.0})
    ] = 95.0,
) -> Findings:
    """The strictest objective promises as much as the service's tier asks for.

    Why: other services plan with the tier; one that promises less breaks their objectives along with its own.
    Fix: raise the objective, with what it costs in replicas and on-call, or declare a lower tier.
    Peers: none; Mercari's levels by objective.
    Source: Google, "The Calculus of Service Availability": https://queue.acm.org/detail.cfm?id=3096459
    """
    known = [o for o in objectives(objects, files) if o.percent is not None]
    if known:
        best = max(known, key=lambda o: o.percent or 0.0)
        yield best.node.expect(
            (best.percent or 0.0) >= percent,
            f"objective {best.name}: promises {best.percent:g} %, wants {percent:g} % or more",
        )
