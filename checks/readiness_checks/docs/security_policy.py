from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation


@check(Severity.LOW)
def security_policy(documentation: Documentation) -> Findings:
    """A security policy says where to report a vulnerability.

    Why: whoever finds a hole and finds no address publishes it, or sells it.
    Fix: add SECURITY.md with an address, and what happens after a report.
    Peers: OpenSSF Scorecard Security-Policy.
    Source: OpenSSF Scorecard, "Security-Policy":
    https://github.com/ossf/scorecard/blob/main/docs/checks.md#security-policy
    """
    if not documentation.repository.files:
        return
    found = documentation.named("security", top=True)
    if not found:
        yield documentation.repository.at("SECURITY").expect(
            ok=False, message="there is no security policy, wants SECURITY.md"
        )
    for file in found[:1]:
        reachable = "@" in file.text or "http" in file.text or "report a vulnerability" in file.text.lower()
        said = "names a way to report" if reachable else "names no way to report"
        yield file.at("contact", 1).expect(reachable, f"{said}, wants an address")
