import re
from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, Stricter, check
from readiness.facts.configuration import Configuration

_NAME = re.compile(
    r"(?:\A|_)LOG_?(?:GING)?_?LEVEL(?:\Z|_)|\A(?:RUST_LOG|QUARKUS_LOG_LEVEL|PINO_LEVEL)\Z", re.IGNORECASE
)
_WORD = re.compile(r"[a-z]+")
_NOISY = frozenset({"debug", "trace", "all", "silly", "verbose", "finest"})


@check(Severity.MEDIUM)
def log_level(
    configuration: Configuration,
    *,
    quiet: Annotated[
        bool, "whether debug logs are unwanted here", Stricter.TRUE, PerEnvironment(production=True)
    ] = False,
) -> Findings:
    """No container logs at debug level in production.

    Why: debug logs hold request bodies and tokens, cost more than the service, and hide the line that matters.
    Fix: set the level to info or warning in this environment, and raise it by a switch when it is needed.
    Peers: Instrumentation Score LOG-001.
    Source: OWASP, "Logging Cheat Sheet", data to exclude:
        https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html
    """
    if not quiet:
        return
    for _, container, variable in configuration.all_variables:
        if _NAME.search(variable.name):
            noisy = not _NOISY.isdisjoint(_WORD.findall(variable.value.lower()[:200]))
            yield variable.node.expect(
                not noisy, f"{container.title}: {variable.name} is {variable.shown}, wants info or quieter"
            )
