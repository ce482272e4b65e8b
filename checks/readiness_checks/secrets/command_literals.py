from readiness import Findings, Severity, check
from readiness.facts.secrets import holds_password, is_literal, names_a_secret
from readiness.facts.workloads import Workloads


@check(Severity.CRITICAL)
def command_literals(workloads: Workloads) -> Findings:
    """No container has a secret in its command line.

    Why: a command line stands in the manifest, in the list of processes and in every crash report.
    Fix: give the secret by a file or a variable from a Secret, and let the program read it from there.
    Peers: none.
    Source: Kubernetes, "Good practices for Kubernetes Secrets": https://kubernetes.io/docs/concepts/security/secrets-good-practices/
    """
    for workload in workloads:
        for container in workload.containers():
            words = [*container.node.each("command"), *container.node.each("args")]
            for index, node in enumerate(words):
                word = node.value
                if not isinstance(word, str):
                    continue
                option, equals, value = word.partition("=")
                if not equals and word.startswith("--") and index + 1 < len(words):
                    following = words[index + 1].value
                    value = following if isinstance(following, str) and not following.startswith("-") else ""
                by_name = option.startswith("-") and len(word) < 400 and names_a_secret(option)
                written = (by_name and is_literal(value)) or holds_password(word)
                if by_name or written:
                    said = f"{option[:60]} is given a literal value" if by_name else "an address has a password in it"
                    yield node.expect(
                        not written,
                        f"{said if written else option + ' is given no literal'}, wants a file or a variable",
                    )
