from readiness import Findings, Severity, check
from readiness.facts.packages import Packages
from readiness.facts.requirements import Project, Requirement

_ANY = frozenset({"", "*", "x", "latest", "next", ">=0", ">=0.0.0", "dev-master", "dev-main"})


@check(Severity.LOW)
def floating_versions(packages: Packages) -> Findings:
    """No package is asked for at just any version.

    Why: with `*` or a branch the next renewal of the lock may bring a new major version, or code that nobody released.
    Fix: ask for a range that ends before the next incompatible version, such as `^4.2` or `>=2.3,<3`.
    Peers: none.
    Source: npm, "package.json", dependencies:
    https://github.com/npm/cli/blob/latest/docs/lib/content/configuring-npm/package-json.md
    """
    for project in packages:
        if not project.deployed or project.ecosystem in {"gomod", "bundler"}:
            continue
        for requirement in project.requirements:
            said = _floats(requirement, project)
            yield requirement.place.expect(
                not said, f"{requirement.name} is asked for at {said or requirement.wanted}, wants a range with an end"
            )


def _floats(requirement: Requirement, project: Project) -> str:
    wanted = requirement.wanted.replace(" ", "").lower()
    if wanted in _ANY:
        # A requirements file that is compiled leaves its choices to the lock on purpose.
        return "" if project.manifest.name.endswith(".in") else requirement.wanted or "any version"
    if wanted.startswith(("git+", "git:", "github:", "@git+")):
        ref = wanted.rpartition("#" if "#" in wanted else "@")[2]
        return "" if len(ref) == 40 and not set(ref) - set("0123456789abcdef") else "a branch"
    return "an address without encryption" if wanted.startswith(("http://", "@http://")) else ""
