from readiness import Findings, Rendered, Severity, check
from readiness.facts.acceptance import RULES, refusals
from readiness.facts.objects import Objects


@check(Severity.CRITICAL)
def accepted(objects: Rendered[Objects]) -> Findings:
    """No object breaks a rule that the API server enforces beyond its schema.

    Why: such an object passes every schema linter and is refused in the middle of the release.
    Fix: correct what the finding names; `kubectl apply --dry-run=server` shows the server's own words.
    Peers: kubectl --dry-run=server; kube-linter and kubeconform let these objects pass.
    Source: Kubernetes source, `pkg/apis/*/validation`:
        https://github.com/kubernetes/kubernetes/tree/master/pkg/apis
    """
    for kind in RULES:
        for resource in objects.of(kind):
            faults = list(refusals(resource))
            for node, message in faults:
                yield node.expect(False, message)
            if not faults:
                yield resource.at().expect(True, "breaks no rule beyond its schema")
