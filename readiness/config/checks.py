"""Settings of checks: each is known, of its type, and says what it may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from readiness.config.environment import CheckSettings
from readiness.config.faults import Fault, nearest
from readiness.config.model import EnvironmentSettings, SettingsFile
from readiness.config.reading import Text
from readiness.model import Check, Route, Setting, Severity

ALWAYS = ("severity", "off")
_SEVERITIES = tuple(s.value for s in Severity)


def check_settings(environment: EnvironmentSettings) -> dict[str, CheckSettings]:
    """What an environment says about checks. The settings were found legal before; lists become tuples."""
    made = {}
    for check_id, said in environment.checks.items():
        values = {n: tuple(v) if isinstance(v, list) else v for n, v in said.items() if n not in ALWAYS}
        severity = Severity(str(said["severity"])) if "severity" in said else None
        made[check_id] = CheckSettings(values, severity, str(said.get("off", "")))
    return made


def legal(text: Text, model: SettingsFile, checks: Mapping[str, Check], *, foreign: bool) -> Iterator[Fault]:
    """Every fault in what one file says about checks."""
    for route, environment in _environments(model):
        for check_id, said in environment.checks.items():
            here = (*route, "checks", check_id)
            if check_id not in checks:
                if not (foreign and ":" in check_id):
                    hint = nearest(check_id, checks)
                    yield Fault(
                        text.span(here), f"there is no check `{check_id}`{hint or '; `readiness list` shows them'}"
                    )
                continue
            for name, value in said.items():
                message = wrong(checks[check_id], name, value)
                if message:
                    yield Fault(text.span((*here, name)), message)


def _environments(model: SettingsFile) -> Iterator[tuple[Route, EnvironmentSettings]]:
    for top, service in [((), model), *((("services", n), s) for n, s in model.services.items())]:
        route: Route = top
        yield (*route, "base"), service.base
        for name, environment in service.environments.items():
            yield (*route, "environments", name), environment


def wrong(check: Check, name: str, value: Any) -> str:
    if name == "severity":
        good = value in _SEVERITIES
        return "" if good else f"`severity`: wanted one of {', '.join(_SEVERITIES)}, found {value!r}"
    if name == "off":
        good = isinstance(value, str) and len(value) >= 10
        return "" if good else "`off`: wanted the reason for which this check is not asked, in ten letters or more"
    if name not in check.settings:
        known = [*check.settings, *ALWAYS]
        return f"{check.id} has no setting `{name}`{nearest(name, known) or '; it has ' + ', '.join(known)}"
    try:
        _typed(check.settings[name], value)
    except ValidationError as error:
        said = "; ".join(e["msg"][:1].lower() + e["msg"][1:] for e in error.errors(include_url=False))
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
