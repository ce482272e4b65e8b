from readiness import Findings, Severity, check
from readiness.facts.updatebots import UpdateBots


@check(Severity.MEDIUM)
def update_bot(bots: UpdateBots) -> Findings:
    """An update bot watches every ecosystem that the repository uses.

    Why: known faults in old versions are what is attacked; nobody reads release notes of two hundred packages by hand.
    Fix: add an `updates` entry for the ecosystem to `.github/dependabot.yml`, or a `renovate.json`.
    Peers: OpenSSF Scorecard Dependency-Update-Tool.
    Source: GitHub, "Dependabot options reference": https://docs.github.com/en/code-security/reference/supply-chain-security/dependabot-options-reference
    """
    used = bots.used()
    if bots.renovate is not None:
        off = bots.switched_off()
        for name in used:
            said = "leaves it alone" if name in off else "watches it"
            yield bots.renovate.at(name, 1).expect(
                name not in off, f"{name} is used and Renovate {said}, wants it watched"
            )
        return
    watched = dict(bots.rules())
    for name, file in used.items():
        if name in watched:
            yield watched[name].expect(ok=True, message=f"{name} is watched")
        elif bots.dependabot is not None:
            yield bots.dependabot.at(name, 1).expect(
                ok=False, message=f"{name} is used ({file.path}) and not watched, wants an entry for it"
            )
    if used and bots.dependabot is None:
        names = ", ".join(sorted(used))
        yield bots.repository.at("update bot").expect(
            ok=False, message=f"no update bot watches {names}, wants Dependabot or Renovate"
        )
