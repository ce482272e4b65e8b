from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.environment import MAKERS, Environment


@check(Severity.HIGH)
def secret_references(
    environment: Environment,
    *,
    complete: Annotated[bool, "whether every Secret is made by what is checked", Stricter.TRUE] = False,
) -> Findings:
    """Every key of a Secret that a pod asks for is one that the Secret has.

    Why: a container whose secret has no such key is not started: the rollout hangs, or the next restart does.
    Fix: correct the key, or add it to what makes the Secret. A Secret that is made outside what is checked is not
    judged, unless
    the setting `complete` says that there are none.
    Peers: Popeye POP-304 and POP-305, kube-linter env-value-from.
    Source: Kubernetes, "Secrets": https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret
    """
    for reference in environment.references():
        if reference.kind != "Secret" or reference.optional:
            continue
        source = environment.source(reference)
        if source is None:
            if complete:
                yield reference.place.expect(
                    ok=False,
                    message=f"Secret {reference.name} is made by nothing here, wants it",
                    absence=("Secret", *sorted(MAKERS)),
                )
            continue
        if reference.key and source.keys is None:
            continue
        has = not reference.key or reference.key in (source.keys or ())
        said = f"has no key {reference.key}" if not has else "is made here"
        maker = "" if source.resource.kind == "Secret" else f" (made by {source.resource.kind} {source.resource.name})"
        yield reference.place.expect(has, f"Secret {reference.name}{maker} {said}, wants a key that it has")
