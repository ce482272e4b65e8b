from readiness import Findings, Severity, check
from readiness.facts.security import PodSpecs, named

_RAISES = frozenset({"sudo", "su", "doas"})
_ENDS = frozenset({"&&", "||", ";", "|", "exec", "then", "do"})


@check(Severity.MEDIUM)
def sudo(pods: PodSpecs) -> Findings:
    """No container starts with sudo.

    Why: a start command that needs sudo says that the image can make itself root, and then anything in it can.
    Fix: prepare what needs root when the image is built, and start the process as its own user.
    Peers: Kubescape C-0062.
    Source: OWASP Docker Security Cheat Sheet, rule 2:
        https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html
    """
    for pod in pods:
        for container in pod.containers:
            for field in ("command", "args"):
                items = [item for item in container.node.sequence(field) if isinstance(item, str)]
                if items:
                    scripts = [t for i, t in enumerate(items) if (i == 0 and field == "command") or len(t.split()) > 1]
                    found = next((word for text in scripts for word in _commands(text) if word in _RAISES), "")
                    said = f"starts with {found}" if found else "starts as it is"
                    yield container.at(field).expect(not found, f"{named(container)} {said}, wants no change of user")


def _commands(text: str) -> list[str]:
    """The words that stand where a shell looks for a command: the first, and each after an operator."""
    words = text.replace(";", " ; ").replace("\n", " ; ").split()
    heads = [word for before, word in zip([";", *words], words, strict=False) if before in _ENDS]
    return [head.rpartition("/")[2] for head in heads]
