"""The JSON Schema of settings files, with the settings of every check, so that editors complete and mark them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from readiness.config.model import SettingsFile
from readiness.model import Check, Setting, Severity

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# A value may be one variable of the process, whatever the type that it has to have in the end.
_VARIABLE = {"$ref": "#/$defs/Variable"}
_VARIABLE_TEXT = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"}
_SEVERITY = {"enum": [s.value for s in Severity], "description": "what a finding of this check costs"}
_SKIP = {
    "type": "string",
    "minLength": 10,
    "description": "the reason for which this check is not asked; every report shows it",
}
_SCALARS = ("integer", "number", "boolean")
_BY_NAME = ("properties", "$defs", "patternProperties")  # whose keys are names, and no words of the schema


def settings(checks: Mapping[str, Check]) -> dict[str, Any]:
    """The schema of `readiness.yaml`, in JSON Schema 2020-12. `checks` are those whose settings are described."""
    schema = SettingsFile.model_json_schema(by_alias=True)
    environment = schema["$defs"]["EnvironmentSettings"]["properties"]
    environment["checks"] = {"$ref": "#/$defs/Checks", "description": environment["checks"]["description"]}
    schema["$defs"] |= {"Checks": _checks(checks), "Severity": _SEVERITY, "Skip": _SKIP}
    made = _tidy(schema)
    made["$defs"]["Variable"] = _VARIABLE_TEXT
    about = "What `readiness check` looks at and asks, one environment at a time."
    return {"$schema": DIALECT, "title": "readiness settings", **made, "description": about}


def _checks(checks: Mapping[str, Check]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {check_id: _check(check) for check_id, check in sorted(checks.items())},
        # Checks of packages and repositories, which this machine may not have.
        "patternProperties": {r"^[^/:]+:": {"type": "object"}},
        "additionalProperties": False,
    }


def _check(check: Check) -> dict[str, Any]:
    always = {
        "severity": {"$ref": "#/$defs/Severity", "default": check.severity.value},
        "skip": {"$ref": "#/$defs/Skip"},
    }
    return {
        "type": "object",
        "description": check.page.title,
        "properties": {**{name: _setting(s) for name, s in check.settings.items()}, **always},
        "additionalProperties": False,
    }


def _setting(setting: Setting) -> dict[str, Any]:
    schema = TypeAdapter(setting.type).json_schema()
    return {**schema, "description": _about(setting), "default": _plain(setting.default)}


def _about(setting: Setting) -> str:
    said = [setting.about] if setting.about else []
    if setting.per_environment:
        said.append(", ".join(f"{k}: {_plain(v)}" for k, v in setting.per_environment.items()))
    if setting.per_tier:
        said.append(", ".join(f"tier {k}: {_plain(v)}" for k, v in setting.per_tier.items()))
    if setting.stricter:
        said.append(f"stricter: {setting.stricter.value}")
    return "; ".join(said)


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, tuple | list | set | frozenset) else value


def _tidy(schema: Any) -> Any:
    """The schema without titles and empty defaults, where a number, a choice or a patterned text may be a variable."""
    if isinstance(schema, list):
        return [_tidy(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "title" or (word == "default" and (value is None or isinstance(value, dict))):
            continue
        if word in _BY_NAME:
            made[word] = {name: _tidy(s) for name, s in value.items()}
        elif word in ("default", "required", "enum", "propertyNames"):
            made[word] = value
        else:
            made[word] = _tidy(value)
    if made.get("type") in _SCALARS or "pattern" in made or "enum" in made:
        about = {k: made.pop(k) for k in ("description", "default") if k in made}
        return {**about, "anyOf": [made, _VARIABLE]}
    return made
