from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.ownership import Owners


@check(Severity.LOW)
def code_owners(
    owners: Owners,
    *,
    folders: Annotated[tuple[str, ...], "folders whose changes an owner reviews", Stricter.MORE] = (
        ".github",
        "deploy",
        "helm",
        "charts",
        "k8s",
        "kubernetes",
        "manifests",
    ),
) -> Findings:
    """Somebody owns the workflows and the deploy files.

    Why: who can change the pipeline unseen can change production unseen.
    Fix: add lines for `/.github/` and the deploy folder to CODEOWNERS, and require review from code owners.
    Peers: OpenSSF Scorecard Branch-Protection (tier 4).
    Source: GitHub, "About code owners":
    https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
    """
    if owners.file is None:
        return
    for folder in folders:
        paths = owners.below(folder)
        if not paths:
            continue
        orphans = sorted(path for path in paths if not owners.of(path))
        said = f"{len(orphans)} of {len(paths)} files in {folder}/ have no owner" if orphans else f"{folder}/ is owned"
        yield owners.file.at(folder, 1).expect(not orphans, f"{said}, wants all owned", orphans=orphans[:5])
