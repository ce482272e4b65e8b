from typing import Annotated

from readiness import Findings, Rendered, Severity, Stricter, check
from readiness.facts.environment import Environment
from readiness.facts.required import RequiredVariables


@check(Severity.MEDIUM)
def environment_variables(
    required: RequiredVariables,
    environment: Rendered[Environment],
    *,
    optional: Annotated[tuple[str, ...], "variables that the service does without", Stricter.FEWER] = (),
) -> Findings:
    """Every variable that the code needs is given to some container.

    Why: a variable that was added to the code and to nobody's manifests stops the new version at its start.
    Fix: give the variable by `env` or `envFrom`, or give it a default in the code. In `.env.example` a variable that is
    commented out is an optional one.
    Peers: none.
    Source: The Twelve-Factor App, "Config": https://12factor.net/config
    """
    if not environment.workloads:
        return
    given, complete = environment.given()
    for variable in required:
        if variable.name in optional:
            continue
        # A file may stand for the value, as with images of databases.
        has = variable.name in given or f"{variable.name}_FILE" in given
        if has or complete:
            said = "is given" if has else "is given to no container"
            yield variable.place.expect(
                has, f"{variable.name} {said}, wants it in env or envFrom", absence=("ConfigMap", "Secret")
            )
