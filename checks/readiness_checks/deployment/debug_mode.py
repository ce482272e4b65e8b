from readiness import Findings, Severity, check
from readiness.facts.configuration import Configuration
from readiness.facts.settings import ServiceSettings

_SWITCHES = frozenset({"DEBUG", "APP_DEBUG", "DJANGO_DEBUG", "FLASK_DEBUG", "RAILS_DEBUG", "WERKZEUG_DEBUG_PIN"})
_OFF = frozenset({"", "0", "false", "no", "off", "none"})
# Variables that name the mode of a framework: the values that are not for others than developers.
_MODES = {
    "ASPNETCORE_ENVIRONMENT": {"development"},
    "DOTNET_ENVIRONMENT": {"development"},
    "FLASK_ENV": {"development"},
    "GIN_MODE": {"debug", "test"},
    "NODE_ENV": {"development", "dev", "test"},
    "RACK_ENV": {"development", "test"},
    "RAILS_ENV": {"development", "test"},
    "SYMFONY_ENV": {"dev", "test"},
}
# Options by which a debugger gets in.
_OPTIONS = {
    "JAVA_TOOL_OPTIONS": ("-agentlib:jdwp", "-Xrunjdwp", "-Xdebug"),
    "JAVA_OPTS": ("-agentlib:jdwp", "-Xrunjdwp", "-Xdebug"),
    "JDK_JAVA_OPTIONS": ("-agentlib:jdwp", "-Xrunjdwp", "-Xdebug"),
    "NODE_OPTIONS": ("--inspect",),
    "PYTHONBREAKPOINT": ("pdb", "debugpy"),
}


@check(Severity.HIGH)
def debug_mode(configuration: Configuration, settings: ServiceSettings) -> Findings:
    """No container runs in the debug mode of its framework outside development.

    Why: debug pages show source and settings to whoever causes an error, some let him run code, and all are slow.
    Fix: remove the variable, or set it to its production value in this environment.
    Peers: none.
    Source: OWASP Top 10, A05 Security Misconfiguration: https://owasp.org/Top10/A05_2021-Security_Misconfiguration/
    """
    if settings.profile == "development":
        return
    for _, container, variable in configuration.all_variables:
        wrong = _wrong(variable.name, variable.value)
        if wrong is not None:
            yield variable.node.expect(
                not wrong,
                f"{container.title}: {variable.name} is {variable.shown}" + (", wants no debugging" if wrong else ""),
            )


def _wrong(name: str, value: str) -> bool | None:
    """Whether the variable turns debugging on; None where it has nothing to do with it."""
    word = value.strip().lower()
    if name in _SWITCHES:
        return word not in _OFF
    if name in _MODES:
        return word in _MODES[name]
    if name in _OPTIONS:
        return any(option in value for option in _OPTIONS[name])
    return None
