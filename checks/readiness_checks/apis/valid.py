from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects
from readiness.facts.ports import Schemas
from readiness.facts.releases import Aim, Apis
from readiness.facts.settings import ServiceSettings


@check(Severity.CRITICAL)
def valid(objects: Rendered[Objects], schemas: Schemas, apis: Apis, settings: ServiceSettings | None) -> Findings:
    """Every built-in object fits its schema: no unknown field, no wrong type, nothing required missing.

    Why: a misspelt field is dropped or refused, so that the cluster runs something else than what was written.
    Fix: correct the field named in the finding; `kubectl explain KIND.FIELD` shows what is allowed.
    Peers: kubeconform -strict, kubernetes-validate --strict, kube-linter schema-validation, kubectl --validate=strict.
    Source: Kubernetes, OpenAPI description of its API:
        https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
    """
    release = str(Aim.of(apis, settings.kubernetes if settings else "").release)
    for resource in objects:
        faults = schemas.faults(resource, release)
        if faults is None:
            continue
        for fault in faults:
            yield resource.at(*fault.route).expect(False, fault.message, kubernetes=release)
        if not faults:
            yield resource.at().expect(True, f"fits its schema of Kubernetes {release}")
