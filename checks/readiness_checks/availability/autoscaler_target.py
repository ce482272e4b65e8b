from readiness import Findings, Severity, check
from readiness.facts.autoscaling import Autoscaler, Autoscalers
from readiness.facts.workloads import Workload, Workloads


@check(Severity.HIGH)
def autoscaler_target(autoscalers: Autoscalers, workloads: Workloads) -> Findings:
    """Every autoscaler points at a workload that exists, by its right kind and API version.

    Why: an autoscaler that does not find its target scales nothing and says so only in its status.
    Fix: correct `scaleTargetRef`: apiVersion, kind and name as in the workload, in the same namespace.
    Peers: kube-score horizontalpodautoscaler-has-target, kube-linter dangling-horizontalpodautoscaler, Kubescape
    C-0300, Popeye POP-600.
    Source: Kubernetes, "Horizontal Pod Autoscaling":
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
    """
    by_name = {(w.namespace, w.kind, w.name): w for w in workloads}
    for scaler in autoscalers:
        kind, name = scaler.target_kind, scaler.target_name
        target = by_name.get((scaler.namespace, kind, name))
        said = f"scales {kind or 'no kind'} {name or 'without a name'}"
        if target is None:
            # Of a kind that makes no pods here, such as an operator's, nobody can say whether it is there.
            if kind in Workloads.kinds or not kind or not name:
                missing = f"{said}, which is not in namespace {scaler.namespace}, wants a workload there"
                yield scaler.target.get("name").expect(False, missing, absence=(kind,) if kind else ())
            continue
        group, wanted = _group(scaler), target.resource.group
        right = group == wanted or not target.resource.api_version
        seen = f"group {group}" if group else "no API group"
        yield scaler.target.get("apiVersion").expect(right, f"{said} with {seen}, wants {_version(target)}")


def _group(scaler: Autoscaler) -> str:
    """The API group of the target; KEDA takes an unwritten one for that of Deployments."""
    version = scaler.target.text("apiVersion") or ("apps/v1" if scaler.keda else "")
    return version.rpartition("/")[0]


def _version(target: Workload) -> str:
    return f"apiVersion {target.resource.api_version}"
