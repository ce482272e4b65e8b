from readiness import Findings, Severity, check
from readiness.facts.packages import Packages


@check(Severity.HIGH)
def lock_file(packages: Packages) -> Findings:
    """What is deployed has a lock file that says which versions it is made of.

    Why: without one, the build of today and the build of tonight's fix are made of different code.
    Fix: commit the lock of your tool (uv.lock, poetry.lock, package-lock.json, go.sum, Cargo.lock, Gemfile.lock …),
    or a
    requirements file in which each line is pinned with `==`. A library that nobody deploys needs none.
    Peers: OpenSSF Scorecard Pinned-Dependencies.
    Source: OpenSSF Scorecard, "Pinned-Dependencies":
    https://github.com/ossf/scorecard/blob/main/docs/checks.md#pinned-dependencies
    """
    for project in packages:
        if project.lock is not None:
            fault = project.lock.fault
            yield project.lock.file.at(1).expect(
                not fault, f"{fault or 'locks the versions'}, wants a lock that can be read"
            )
        elif project.deployed and project.requirements:
            wanted = (
                "every line pinned with ==" if project.accepted == (project.manifest.name,) else project.accepted[0]
            )
            yield project.at(1).expect(
                ok=False,
                message=f"leaves the versions of {len(project.requirements)} packages open, wants {wanted}",
                ecosystem=project.ecosystem,
            )
