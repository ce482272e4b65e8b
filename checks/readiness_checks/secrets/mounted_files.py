from readiness import Findings, Severity, check
from readiness.facts.environment import Environment


@check(Severity.LOW)
def mounted_files(environment: Environment) -> Findings:
    """Secrets reach their containers as files, not as variables.

    Why: variables are inherited by every child process, shown in crash reports, and keep the old value until a
    restart; a
    mounted file is renewed in place.
    Fix: mount the Secret as a volume and let the program read the file, often by a variable such as `PASSWORD_FILE`.
    Peers: kube-linter read-secret-from-env-var, Checkov CKV_K8S_35.
    Source: CIS Kubernetes Benchmark 5.4.1.
    """
    for reference in environment.references():
        if reference.kind == "Secret" and reference.how in {"env", "envFrom", "volume"}:
            ok = reference.how == "volume"
            said = "is mounted" if ok else f"is given by {reference.how}"
            yield reference.place.expect(ok, f"Secret {reference.name} {said}, wants a mounted file")
