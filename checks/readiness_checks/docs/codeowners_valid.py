from readiness import Findings, Severity, check
from readiness.facts.ownership import Owners


@check(Severity.LOW)
def codeowners_valid(owners: Owners) -> Findings:
    """Every line of CODEOWNERS names real owners and matches some file.

    Why: a pattern that matches nothing, or an owner that nobody can be, leaves files unowned without a word.
    Fix: correct the pattern (it begins at the top where it has a slash in it), and write owners as `@user`,
    `@org/team` or an
    address.
    Peers: none.
    Source: GitHub, "About code owners":
    https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
    """
    if owners.file is None:
        return
    idle = {rule.line for rule in owners.idle()}
    for rule in owners.rules:
        said = ""
        if rule.strange:
            said = f"{rule.strange[0]} is neither a user, a team nor an address"
        elif rule.line in idle:
            said = "matches no file"
        yield owners.file.at(rule.pattern, rule.line).expect(
            not said, f"{rule.pattern}: {said or 'is owned'}, wants files with owners"
        )
