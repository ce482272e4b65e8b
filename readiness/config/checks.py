"""Settings of checks: each is known, of its type, and says what it may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from readiness.config.environment import CheckSettings
from readiness.config.faults import Fault, nearest, wanted
from readiness.config.model import EnvironmentSettings
from readiness.config.reading import Text
from readiness.model import Check, Route, Setting, Severity

ALWAYS = ("severity", "skip")
_SEVERITIES = tuple(s.value for s in Severity)


def check_settings(environment: EnvironmentSettings) -> dict[str, CheckSettings]:
    """What an environment says about checks. The settings were found legal before; lists become tuples."""
    made = {}
    for check_id, said in environment.checks.items():
        values = {n: tuple(v) if isinstance(v, list) else v for n, v in said.items() if n not in ALWAYS}
        severity = Severity(str(said["severity"])) if "severity" in said else None
        made[check_id] = CheckSettings(values, severity, str(said.get("skip", "")))
    return made


def legal(text: Text, checks: Mapping[str, Check], *, foreign: bool) -> Iterator[Fault]:
    """Every fault in what one file says about checks, whatever else is wrong with the file."""
    for route, said in _written(text.value):
        for check_id, settings in said.items():
            here = (*route, check_id)
            if check_id not in checks:
                if not (foreign and ":" in check_id):
                    hint = nearest(check_id, checks) or "; `readiness list` shows them"
                    yield Fault(text.span(here), f"there is no check `{check_id}`{hint}")
                continue
            for name, value in _mapping(settings).items():
                message = wrong(checks[check_id], name, value)
                if message:
                    yield Fault(text.span((*here, name)), message)


def _written(value: Mapping[str, Any]) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    """Each mapping under a key `checks`, with the way there. What has another form is for the model to refuse."""
    for top, service in [((), value), *((("services", n), s) for n, s in _mapping(value.get("services")).items())]:
        route: Route = top
        places = [((*route, "base"), _mapping(service).get("base"))]
        environments = _mapping(_mapping(service).get("environments"))
        places += [((*route, "environments", name), environment) for name, environment in environments.items()]
        for place, environment in places:
            yield (*place, "checks"), _mapping(_mapping(environment).get("checks"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def wrong(check: Check, name: str, value: Any) -> str:
    if name == "severity":
        good = value in _SEVERITIES
        return "" if good else f"`severity`: wanted one of {', '.join(_SEVERITIES)}, found {value!r}"
    if name == "skip":
        good = isinstance(value, str) and len(value) >= 10
        return "" if good else "`skip`: wanted the reason for which this check is not asked, in ten letters or more"
    if name not in check.settings:
        known = [*check.settings, *ALWAYS]
        return f"{check.id} has no setting `{name}`{nearest(name, known) or '; it has ' + ', '.join(known)}"
    try:
        _typed(check.settings[name], value)
    except ValidationError as error:
        said = "; ".join(wanted(e["msg"]) for e in error.errors(include_url=False))
        return f"{check.id} `{name}`: {said}, found {value!r}"
    return ""


def _typed(setting: Setting, value: Any) -> Any:
    """`value` as the type of the setting. Lists become tuples; nothing else is bent: `\"3\"` is no number."""
    adapter: TypeAdapter[Any] = TypeAdapter(setting.type, config=ConfigDict(strict=False, allow_inf_nan=False))
    if isinstance(value, bool) and setting.type in (int, float):
        return adapter.validate_python("a boolean")
    if isinstance(value, str) and setting.type in (int, float, bool):
        return adapter.validate_python(value, strict=True)
    return adapter.validate_python(value)
