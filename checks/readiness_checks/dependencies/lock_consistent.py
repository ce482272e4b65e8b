from readiness import Findings, Severity, check
from readiness.facts.packages import Packages
from readiness.facts.requirements import Lock, Project, Requirement
from readiness.facts.versions import satisfies


@check(Severity.MEDIUM)
def lock_consistent(packages: Packages) -> Findings:
    """Every lock file fits the manifest that it locks.

    Why: a lock that was not renewed makes a strict install fail, and a lax one install what nobody reviewed.
    Fix: renew the lock with your tool (`uv lock`, `poetry lock`, `npm install --package-lock-only`, `go mod tidy` …)
    and commit it.
    Peers: none.
    Source: npm, "npm ci": https://github.com/npm/cli/blob/latest/docs/lib/content/commands/npm-ci.md
    """
    for project in packages:
        lock = project.lock
        if lock is None or lock.fault or lock.versions is None or lock.file.path == project.manifest.path:
            continue
        for requirement in project.requirements:
            said = _against(requirement, project, lock)
            if said is not None:
                name = lock.file.path
                yield requirement.place.expect(
                    not said,
                    f"{requirement.name} {said or 'is locked'} in {name}, wants {requirement.wanted or 'any version'}",
                )


def _against(requirement: Requirement, project: Project, lock: Lock) -> str | None:
    """What is wrong with it, empty for nothing, None where that cannot be told."""
    name = project.normal(requirement.name)
    if lock.asked is not None:
        return _asked(requirement, lock)
    versions = (lock.versions or {}).get(name)
    if versions is None:
        return None if requirement.conditional else "is missing"
    if project.ecosystem == "gomod":
        return "" if requirement.wanted in versions else "has no checksum for its version"
    if project.ecosystem != "pip" or not requirement.wanted or "^" in requirement.wanted:
        return ""
    fits = [satisfies(version, requirement.wanted) for version in versions]
    return f"is {', '.join(sorted(versions))}" if fits and not any(f is not False for f in fits) else ""


def _asked(requirement: Requirement, lock: Lock) -> str | None:
    """npm and Yarn write down what was asked for: that is compared as text."""
    asked = lock.asked or {}
    if lock.file.name == "yarn.lock":
        if requirement.wanted.startswith(("workspace:", "file:", "link:", "patch:", "portal:", "npm:")):
            return None
        return "" if f"{requirement.name}@{requirement.wanted}" in asked else "is missing for that range"
    if not asked:
        return None  # a workspace that the lock describes elsewhere
    written = asked.get(requirement.name)
    if written is None:
        return "is missing"
    return "" if written == requirement.wanted else f"was locked for {written}"
