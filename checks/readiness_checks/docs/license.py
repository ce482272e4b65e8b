from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation


@check(Severity.INFO)
def license(documentation: Documentation) -> Findings:
    """The repository says under which licence it may be used.

    Why: code without a licence may not be used by anybody else, and an inner rule says so only to those who know it.
    Fix: add LICENSE with the licence's text, or a note that the code is proprietary.
    Peers: OpenSSF Scorecard License.
    Source: OpenSSF Scorecard, "License": https://github.com/ossf/scorecard/blob/main/docs/checks.md#license
    """
    if not documentation.repository.files:
        return
    found = documentation.named("license", "licence", "copying", "unlicense", top=True)
    for file in found[:1]:
        yield file.at(1).expect(file.size > 0, f"has {file.size} bytes, wants the licence's text")
    if not found:
        yield documentation.repository.at("LICENSE").expect(ok=False, message="there is no licence, wants LICENSE")
