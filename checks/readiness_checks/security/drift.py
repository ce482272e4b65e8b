from collections.abc import Iterator

from readiness import Findings, Live, Rendered, Severity, check
from readiness.facts.objects import Node
from readiness.facts.security import PodSpec, PodSpecs, spelled

_POD = ("hostPID", "hostIPC", "hostNetwork")
_CONTAINER = ("privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "runAsNonRoot", "runAsUser")


@check(Severity.MEDIUM)
def drift(rendered: Rendered[PodSpecs], live: Live[PodSpecs]) -> Findings:
    """What runs has the security settings that were reviewed.

    Why: a field that somebody changed by hand in the cluster is in no review, and the next rollout changes it back by
        surprise.
    Fix: apply the manifests again, or bring the change into them; a mutating webhook that makes it belongs into the
        docs.
    Peers: none.
    Source: NIST SP 800-53 rev. 5, CM-3, configuration change control:
        https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final
    """
    running = {_key(pod): pod for pod in live}
    for pod in rendered:
        other = running.get(_key(pod))
        if other is not None:
            pairs = list(_pairs(pod, other))
            for name, ours, theirs in pairs:
                if _differs(ours, theirs):
                    said = f"{name} is {spelled(theirs.value)} in the cluster"
                    yield ours.expect(False, f"{said}, wants {spelled(ours.value)} as written")
            if not any(_differs(ours, theirs) for _, ours, theirs in pairs):
                yield pod.at().expect(True, "runs as written")


def _differs(ours: Node, theirs: Node) -> bool:
    """A server leaves out what is false."""
    return (ours.value or None) != (theirs.value or None) if ours.route[-1] in _POD else ours.value != theirs.value


def _key(pod: PodSpec) -> tuple[str, str, str]:
    return pod.workload.kind, pod.workload.namespace, pod.workload.name


def _pairs(ours: PodSpec, theirs: PodSpec) -> Iterator[tuple[str, Node, Node]]:
    """The same field on both sides. Containers that only one side has, such as injected ones, are left out."""
    for field in _POD:
        yield field, ours.spec.get(field), theirs.spec.get(field)
    others = {container.name: container for container in theirs.containers}
    for container in ours.containers:
        if container.name in others:
            for field in _CONTAINER:
                yield (
                    f"{field} of container {container.name}",
                    container.security(field),
                    others[container.name].security(field),
                )
