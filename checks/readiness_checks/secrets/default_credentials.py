from collections.abc import Iterator

from readiness import Findings, Place, Severity, check
from readiness.facts.environment import Environment
from readiness.facts.secrets import SecretObjects, decoded, is_default, logins, names_a_secret


@check(Severity.HIGH)
def default_credentials(environment: Environment, secrets: SecretObjects) -> Findings:
    """No password is one that everybody tries first.

    Why: `admin`, `changeme` and the name of the product are in every list that attackers begin with.
    Fix: let the store make a random password, and refer to it.
    Peers: none.
    Source: OWASP Application Security Verification Standard 5.0, V6.3.2 (no default accounts).
    """
    for place, name, value in (*_variables(environment), *_entries(secrets)):
        default = is_default(value)
        said = "is a well-known default" if default else "is no well-known default"
        yield place.expect(not default, f"the password in {name} {said}, wants a random one")


def _variables(environment: Environment) -> Iterator[tuple[Place, str, str]]:
    for variable in environment.variables():
        value = variable.value
        if value:
            if names_a_secret(variable.name):
                yield variable.node.at("value"), variable.name, value
            for _, login in logins(value):
                yield variable.node.at("value"), variable.name, login.password


def _entries(secrets: SecretObjects) -> Iterator[tuple[Place, str, str]]:
    for resource in secrets.items:
        for key, text, route in decoded(resource):
            if names_a_secret(key):
                yield resource.at(*route), key, text
            for _, login in logins(text):
                yield resource.at(*route), key, login.password
