import re

from readiness import Findings, Severity, check
from readiness.facts.configuration import Configuration

_WORD = re.compile(
    r"(?<![A-Z0-9])(?:TODO|FIXME|TBD|CHANGE[-_ ]?ME|REPLACE[-_ ]?ME|PLACEHOLDER|INSERT[-_ ][A-Z]{1,40}[-_ ]HERE)"
    r"(?![A-Z0-9])"
)
_ANGLE = re.compile(
    r"<(?:your|insert|replace|my|enter|the)[-_ ][a-z0-9_ -]{1,40}>|<[A-Z][A-Z0-9_-]{2,40}>", re.IGNORECASE
)


@check(Severity.HIGH)
def placeholder_values(configuration: Configuration) -> Findings:
    """No variable still holds the placeholder that somebody meant to replace.

    Why: the service starts with it, and fails, or talks to nobody, at the first request that needs the value.
    Fix: write the real value, or take the variable from a Secret or an overlay of the environment.
    Peers: none.
    Source: Twelve-Factor App, "Config": https://12factor.net/config
    """
    for _, container, variable in configuration.all_variables:
        found = _placeholder(variable.name, variable.value)
        said = f"{container.title}: {variable.name} "
        yield variable.node.expect(not found, said + (f"holds the placeholder `{found}`" if found else "holds a value"))


def _placeholder(name: str, value: str) -> str:
    """The placeholder in a value, or nothing; `API_KEY_VAL` stands for the value of `API_KEY`."""
    if value in {f"{name}_{word}" for word in ("VAL", "VALUE", "PLACEHOLDER", "HERE")}:
        return value[:60]
    found = _WORD.search(value.upper()) or _ANGLE.search(value)
    return found[0] if found else ""
