"""Flags on top of settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from readiness.config.checks import wrong
from readiness.config.environment import CheckSettings, Environment
from readiness.config.faults import Fault, SettingsError, nearest
from readiness.model import Check
from readiness.sources.manifests.scalars import resolve

_VERSION = re.compile(r"1\.\d{1,3}\Z")


def apply(environment: Environment, checks: Mapping[str, Check], kubernetes: str, said: Sequence[str]) -> Environment:
    """The environment with the flags `--kubernetes` and `--set` laid over it. Raises SettingsError."""
    if kubernetes:
        if not _VERSION.match(kubernetes):
            raise SettingsError([Fault(None, f"--kubernetes wants a version such as 1.34, found {kubernetes!r}")])
        environment = replace(environment, kubernetes=kubernetes)
    if not said:
        return environment
    changed = dict(environment.checks)
    for text in said:
        name, equals, written = text.partition("=")
        check_id, dot, setting = name.rpartition(".")
        if not equals or not dot:
            raise SettingsError([Fault(None, f"--set wants CHECK.SETTING=VALUE, found {text!r}")])
        if check_id not in checks:
            raise SettingsError([Fault(None, f"--set: there is no check `{check_id}`{nearest(check_id, checks)}")])
        value = _value(written)
        fault = wrong(checks[check_id], setting, value)
        if fault or setting in ("severity", "skip"):
            raise SettingsError([Fault(None, f"--set {text}: {fault or 'only the settings file may say this'}")])
        before = changed.get(check_id, CheckSettings())
        changed[check_id] = replace(before, values={**before.values, setting: value})
    return noted(replace(environment, checks=changed), *(f"the caller set {text}" for text in said))


def noted(environment: Environment, *notes: str) -> Environment:
    """The environment with remarks that every report of it repeats."""
    return replace(environment, notes=(*environment.notes, *notes))


def _value(text: str) -> object:
    """A scalar as YAML reads it; a list where commas part it in brackets."""
    if text.startswith("[") and text.endswith("]"):
        return tuple(resolve(part.strip()) for part in text[1:-1].split(",") if part.strip())
    return resolve(text)
