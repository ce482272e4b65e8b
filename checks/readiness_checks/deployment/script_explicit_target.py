from readiness import Findings, Severity, check
from readiness.facts.scripts import Script, Scripts
from readiness.facts.shell import Command

_CHANGES = {
    "kubectl": frozenset(
        {"annotate", "apply", "autoscale", "cordon", "create", "delete", "drain", "edit", "expose", "label", "patch"}
        | {"replace", "rollout", "run", "scale", "set", "taint", "uncordon"}
    ),
    "helm": frozenset({"delete", "install", "rollback", "uninstall", "upgrade"}),
}
_CHANGES["oc"] = _CHANGES["kubectl"]
_TARGETS = ("--context", "--kube-context", "--kubeconfig", "--server", "-s", "--cluster")
_NO_CHANGE = ("--help", "-h", "--dry-run", "--dry-run=client", "--dry-run=server")
_NAMES_OBJECTS = frozenset({"-f", "--filename", "-k", "--kustomize"})


@check(Severity.MEDIUM)
def script_explicit_target(scripts: Scripts) -> Findings:
    """Scripts that change a cluster say which one, and Helm in which namespace.

    Why: without a context, a command changes whatever cluster somebody used last, which one day is production.
    Fix: pass `--context "$CONTEXT"` (Helm: `--kube-context` and `--namespace`), or set KUBECONFIG in the script.
    Peers: none.
    Source: Kubernetes, "Organizing Cluster Access":
    https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
    """
    for script in scripts:
        chosen = _chooses_itself(script)
        for command in script.commands:
            verb = _verb(command)
            if not verb:
                continue
            words = [word.partition("=")[0] for word in command.arguments]
            missing = [] if chosen or any(word in words for word in _TARGETS) else ["a context"]
            if _needs_namespace(command.name, verb, words):
                missing.append("a namespace")
            told = f"{command.name} {verb} names no target, wants {' and '.join(missing)}"
            yield script.at(command, f"{command.name} {verb}").expect(not missing, told, missing=missing)


def _verb(command: Command) -> str:
    """What the command changes a cluster by; empty where it does not, or only tries."""
    known = _CHANGES.get(command.name)
    if known is None or any(word in _NO_CHANGE for word in command.arguments):
        return ""
    verb = next((word for word in command.arguments if word in known), "")
    if verb == "rollout" and not {"pause", "restart", "resume", "undo"} & set(command.arguments):
        return ""
    return verb


def _needs_namespace(name: str, verb: str, words: list[str]) -> bool:
    """Helm always works in one; kubectl gets it from the files it applies, and takes the current one without them."""
    if any(word in {"-n", "--namespace", "-A", "--all-namespaces"} for word in words):
        return False
    if name == "helm":
        return True
    scoped = verb in {"autoscale", "delete", "expose", "patch", "rollout", "run", "scale", "set"}
    return scoped and _NAMES_OBJECTS.isdisjoint(words) and not _is_cluster_scoped(words)


def _is_cluster_scoped(words: list[str]) -> bool:
    kinds = {"clusterrole", "clusterrolebinding", "crd", "namespace", "namespaces", "node", "nodes", "ns", "pv"}
    return any(word.partition("/")[0].lower() in kinds for word in words)


def _chooses_itself(script: Script) -> bool:
    """Whether the script sets its cluster before: a context of its own, or a configuration file."""
    for command in script.commands:
        if command.name in {"kubectl", "oc"} and command.arguments[:2] == ("config", "use-context"):
            return True
        if command.name in {"kubectx", "kind", "minikube", "k3d"}:
            return True
        if any(word.text.startswith("KUBECONFIG=") for word in (*command.settings, *command.words)):
            return True
    return False
