from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation
from readiness.facts.required import RequiredVariables


@check(Severity.LOW)
def configuration_reference(required: RequiredVariables, documentation: Documentation) -> Findings:
    """Every variable that the service needs is explained on some page.

    Why: who must change a setting in an outage needs to know what it does and which values it takes.
    Fix: add the variable to the table of settings in the README or on a page of its own.
    Peers: none.
    Source: The Twelve-Factor App, "Config": https://12factor.net/config
    """
    if not documentation.pages:
        return
    known = {word for page in documentation.pages.values() for word in _names(page.file.text)}
    for variable in required:
        told = variable.name in known
        said = "is explained" if told else "is on no page"
        yield variable.place.expect(told, f"{variable.name} {said}, wants an explanation")


def _names(text: str) -> set[str]:
    """The words of a text that could be names of variables."""
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())
