from readiness import Findings, Severity, check
from readiness.facts.scripts import Script, Scripts
from readiness.facts.shell import Command


@check(Severity.MEDIUM)
def script_forced_deletion(scripts: Scripts) -> Findings:
    """No script deletes by force, or everything at once.

    Why: `--force` and `--all` skip what protects running work, and there is no way back from either.
    Fix: name the objects or a label, let graceful deletion happen, and have a person approve what destroys data.
    Peers: ShellCheck SC2115 for `rm`.
    Source: Kubernetes, "Force deletion":
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced
    """
    for script in scripts:
        found = [(command, told) for command in script.commands if (told := _forced(command, script))]
        for command, told in found:
            yield script.at(command).expect(False, f"{told}, wants names and a graceful end")
        if not found:
            yield script.at().expect(True, "deletes nothing by force")


def _forced(command: Command, script: Script) -> str:
    """What the command does by force; empty where it does nothing of that sort."""
    words = command.arguments
    plain = [word for word in words if not word.startswith("-")]
    match command.name:
        case "kubectl" | "oc" if "delete" in words:
            return _deletes(command.name, words)
        case "git" if "push" in plain[:1] and ({"--force", "-f", "--mirror"} & set(words)):
            return "git push --force"
        case "terraform" | "tofu" | "terragrunt" if plain[:1] == ["destroy"] and {
            "-auto-approve",
            "--auto-approve",
        } & set(words):
            return f"{command.name} destroy -auto-approve"
        case "docker" | "podman" if "prune" in plain and "--volumes" in words:
            return f"{command.name} {' '.join(plain[:2])} --volumes"
        case "docker" | "podman" if plain[:2] == ["compose", "down"] and {"-v", "--volumes"} & set(words):
            return f"{command.name} compose down --volumes"
        case "rm":
            return _removes(command, strict="nounset" in script.options)
    return ""


def _deletes(name: str, words: tuple[str, ...]) -> str:
    if "--force" in words or "--force=true" in words or "--grace-period=0" in words:
        return f"{name} delete by force"
    everything = {"--all", "--all=true", "-A", "--all-namespaces"} & set(words)
    return f"{name} delete {min(everything)}" if everything else ""


def _removes(command: Command, *, strict: bool) -> str:
    """`rm -r` of a folder that becomes the root when a variable is not set."""
    options = [word for word in command.arguments if word.startswith("-")]
    if not any("r" in option.lower() for option in options if not option.startswith("--") or option == "--recursive"):
        return ""
    for word in command.argv[1:]:
        text = word.text
        name, _, rest = text.partition("/")
        guarded = strict or ":?" in name or ":-" in name
        if text in {"/", "/*"} or (
            word.open and name.startswith("$") and not guarded and rest in {"", "*"} and "/" in text
        ):
            return f"rm -r {text}"
    return ""
