from readiness import Findings, Severity, check
from readiness.facts.pods import commands, shell_script
from readiness.facts.shell import Command
from readiness.facts.workloads import Workloads


@check(Severity.MEDIUM)
def signal_forwarding(workloads: Workloads) -> Findings:
    """The process that gets SIGTERM is the application, or a shell that passes it on.

    Why: in `sh -c "prepare && serve"` the shell is the first process and passes no signal on: the application never
    hears that it has to stop and is killed in the middle of its work when the grace period is over.
    Fix: put `exec` before the last command of the script, or set a `trap`, or call the program without a shell.
    Peers: hadolint DL3025 (the Dockerfile's side of it).
    Source: Kubernetes, "Pod Lifecycle", termination:
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
    """
    for workload in workloads.long_running():
        for container in workload.running():
            words = container.command_line
            run = [command for command in commands(words) if command.depth == 0]
            if shell_script(words) is None or not run:
                continue
            # A single command is executed in the shell's place by the shells in use; several are not.
            passes_on = len(run) == 1 or any(_takes_over(c) or c.name == "trap" for c in run)
            said = "passes SIGTERM on" if passes_on else "keeps SIGTERM to itself"
            yield container.at("args" if container.node.get("args").exists else "command").expect(
                passes_on, f"{container.title}: the shell {said}, wants exec before the last one"
            )


def _takes_over(command: Command) -> bool:
    """Whether it is an `exec` of a program: without one it only redirects the shell itself."""
    return "exec" in command.wrappers and bool(command.argv)
