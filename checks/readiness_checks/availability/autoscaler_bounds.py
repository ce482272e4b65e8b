from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.autoscaling import Autoscalers


@check(Severity.MEDIUM)
def autoscaler_bounds(
    autoscalers: Autoscalers,
    *,
    headroom: Annotated[float, "the maximum, in multiples of the minimum", Stricter.HIGHER] = 1.5,
) -> Findings:
    """Every autoscaler has room to scale.

    Why: with the maximum at the minimum nothing is ever scaled; with little room, the first peak meets the ceiling.
    High
    where the maximum lies below the minimum: the API server refuses that.
    Fix: raise `maxReplicas` to what the highest expected load needs, one and a half times the minimum or more.
    Peers: Polaris hpaMaxAvailability.
    Source: Kubernetes, "Horizontal Pod Autoscaling":
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
    """
    for scaler in autoscalers:
        least, most = scaler.minimum, scaler.maximum
        if most is None:
            yield scaler.at_maximum().expect(False, "has no maxReplicas, wants one", severity=Severity.HIGH)
            continue
        yield scaler.at_maximum().expect(
            most > least and most >= headroom * least,
            f"scales from {least} to {most}, wants a maximum of {max(least + 1, _ceiling(headroom * least))} or more",
            severity=Severity.HIGH if most < least else None,
            minimum=least,
            maximum=most,
        )


def _ceiling(number: float) -> int:
    return int(number) + (number != int(number))
