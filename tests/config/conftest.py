"""Settings from texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from config.checks import CHECKS

from readiness.config import load
from readiness.config.faults import SettingsError
from readiness.config.load import Loaded

Load = Callable[..., Loaded]


@pytest.fixture
def loads(tmp_path: Path) -> Load:
    """Loads settings from texts: the first is `readiness.yaml`, the others by their names."""

    def loaded(text: str, variables: Mapping[str, str] | None = None, **files: str) -> Loaded:
        for name, more in files.items():
            (tmp_path / f"{name}.yaml").write_text(more)
        (tmp_path / "readiness.yaml").write_text(text)
        return load.load(tmp_path / "readiness.yaml", CHECKS, variables or {})

    return loaded


@pytest.fixture
def faults(loads: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """What is wrong with settings, one line each without the folder; empty where nothing is."""

    def found(text: str, variables: Mapping[str, str] | None = None, **files: str) -> list[str]:
        try:
            loads(text, variables, **files)
        except SettingsError as error:
            return [str(f).replace(f"{tmp_path}/", "").removeprefix("readiness.yaml:") for f in error.faults]
        return []

    return found
