from readiness import Findings, Severity, check
from readiness.facts.dockerfile_text import Instruction
from readiness.facts.dockerfiles import Dockerfiles


@check(Severity.MEDIUM)
def dockerfile_exec_form(dockerfiles: Dockerfiles) -> Findings:
    """The process of every image is started directly, so that it receives signals.

    Why: in the shell form `/bin/sh -c` is process 1 and passes no SIGTERM on: each rollout waits, then kills with
    work in hand.
    Fix: write a JSON list with double quotes, `ENTRYPOINT ["/app/server"]`; where a shell is needed, begin its text
    with `exec`.
    Peers: hadolint DL3025, Docker build check JSONArgsRecommended.
    Source: Docker, "Shell and exec form": https://docs.docker.com/reference/dockerfile/#shell-and-exec-form
    """
    for dockerfile in dockerfiles:
        for keyword in ("ENTRYPOINT", "CMD"):
            instruction = dockerfile.final.last(keyword) if dockerfile.final else None
            if dockerfile.final is not None and instruction is not None:
                severity = Severity.HIGH if instruction.spoilt_exec else None
                told = _told(instruction)
                yield dockerfile.final.at(instruction).expect(_is_direct(instruction), told, severity=severity)


def _is_direct(instruction: Instruction) -> bool:
    return instruction.items is not None or instruction.text.split(None, 1)[:1] == ["exec"]


def _told(instruction: Instruction) -> str:
    if instruction.spoilt_exec:
        return f"{instruction.keyword} is no JSON list, and a shell gets its brackets; wants double quotes"
    return f"{instruction.keyword} is in the shell form, wants a JSON list"
