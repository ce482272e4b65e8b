from readiness import Findings, Severity, check
from readiness.facts.tools import Tools
from readiness.facts.versions import satisfies


@check(Severity.MEDIUM)
def tools(programs: Tools) -> Findings:
    """Every program that the settings ask for is here, at a version that they accept.

    Why: a renderer or a client of another version gives another answer, and a missing one gives none.
    Fix: install or update the program with the command that the finding names, or correct `tools:` in the settings.
    Peers: troubleshoot.sh (host preflight).
    Source: Kubernetes, "Version skew policy": https://kubernetes.io/releases/version-skew-policy/
    """
    for tool in programs:
        advice = f" ({tool.install})" if tool.install else ""
        wanted = tool.wanted or "any version"
        if not tool.found:
            yield tool.at.expect(ok=False, message=f"{tool.name} is not on PATH, wants {wanted}{advice}")
        elif not tool.version:
            cause = tool.fault or "it says no version"
            yield tool.at.expect(not tool.wanted and not tool.fault, f"{tool.path}: {cause}, wants {wanted}")
        else:
            meets = satisfies(tool.version, tool.wanted) if tool.wanted else True
            said = (
                f"{tool.name} is {tool.version}" if meets is not None else f"{tool.version} or {wanted} is no version"
            )
            yield tool.at.expect(bool(meets), f"{said}, wants {wanted}{'' if meets else advice}", version=tool.version)
