"""Lets tests say what they need, and says at the end what was not there."""

from __future__ import annotations

import functools
from collections import Counter

import pytest
from components import Component, UnknownComponentError, component, required
from hypothesis import settings

MISSING = "missing component"

# The usual deadline of an example is 200 ms by the clock: a busy machine stops a process for longer.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(*components): skip, or fail where READINESS_REQUIRE says so, without these"
    )
    try:
        required()
    except UnknownComponentError as error:
        raise pytest.UsageError(str(error)) from None


def _needed(item: pytest.Item) -> list[Component]:
    names = [name for mark in item.iter_markers("needs") for name in mark.args]
    return [component(name, item.nodeid) for name in dict.fromkeys(names)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        for item in items:
            _needed(item)
    except UnknownComponentError as error:
        raise pytest.UsageError(str(error)) from None


@functools.cache
def _lacking(wanted: Component) -> str | None:
    return wanted.lacking()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    absent = [(wanted, why) for wanted in _needed(item) if (why := _lacking(wanted))]
    for wanted, why in absent:
        if wanted.name in required():
            pytest.fail(
                f"needs {wanted.name}, which READINESS_REQUIRE promises: {why}. Bring it: {wanted.bring}", pytrace=False
            )
    # Properties travel with the report, also from the worker processes of pytest-xdist.
    item.user_properties.extend((MISSING, wanted.name) for wanted, _ in absent)
    if absent:
        pytest.skip("needs " + ", ".join(f"{wanted.name}: {why}" for wanted, why in absent))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        skipped.update(name for key, name in getattr(report, "user_properties", []) if key == MISSING)
    if not skipped:
        return
    terminalreporter.section("missing components")
    for name, count in sorted(skipped.items()):
        tests = "1 test" if count == 1 else f"{count} tests"
        terminalreporter.write_line(f"{name}: {tests} skipped. Bring it: {component(name, 'a report').bring}")
