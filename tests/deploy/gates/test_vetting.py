"""What is wrong with gates is said before a deploy begins."""

from __future__ import annotations

from typing import Any

import pytest
from readiness_deploy.gates import problems, warnings

from readiness.config.deploy import DeploySettings

QUERY = 'sum(rate(errors{release="{release}"}[1m]))'
PROMETHEUS = {"address": "http://127.0.0.1:9090", "query": QUERY, "max": 0.01}


def settings(before: list[Any], after: list[Any], **more: Any) -> DeploySettings:
    run = {"command": ["x"], "identity": {"header": "Release"}}
    return DeploySettings.model_validate({"run": run, "gates": {"before": before, "after": after}, **more})


def test_gates_that_are_well() -> None:
    good = settings(
        [{"name": "up", "http": {"path": "/health?deep=1", "body": "ok|fine", "max-latency": 1}}],
        [
            {"name": "up", "http": {}},
            {"name": "errors", "prometheus": {**PROMETHEUS, "samples": QUERY, "min-requests": 10}},
            {"name": "smoke", "command": {"run": ["./smoke.sh"], "environment": {"A_1": "x"}}, "count": 3},
            {"name": "traffic", "traffic": {"max-error-ratio": 0.01}},
        ],
    )
    assert problems(good) == []


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"name": " ", "http": {}}, "wants a `name`"),
        ({"name": "x", "http": {"path": "health"}}, "begins with /"),
        ({"name": "x", "http": {"path": "/a b"}}, "begins with /"),
        ({"name": "x", "http": {"status": [200, 20]}}, "found 20"),
        ({"name": "x", "http": {"header": "a b"}}, "no name of a header"),
        ({"name": "x", "http": {"body": "(a"}}, "regular expression"),
        ({"name": "x", "http": {"max-latency": 5}}, "never sees its `max-latency`"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "address": "prometheus:9090"}}, "`address` such as"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "address": "http://[::1"}}, "`address` such as"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "address": "http://a:b@c"}}, "use `token`"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "address": "http://c/?a=b"}}, "`?`"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "query": "sum(rate(errors[1m]))"}}, "in `query`: measures every"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "samples": "sum(all)"}}, "in `samples`: measures every"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "min-requests": 1}}, "no query in `samples`"),
        ({"name": "x", "prometheus": {**PROMETHEUS, "min": 1}}, "can never pass"),
        ({"name": "x", "command": {"run": [""]}}, "wants a program"),
        ({"name": "x", "command": {"run": ["a"], "environment": {"A B": "x"}}}, "'A B'"),
        ({"name": "x", "traffic": {}}, "measures nothing"),
        ({"name": "x", "http": {}, "initial-delay": 60}, "never measures"),
        ({"name": "x", "http": {}, "count": 61}, "do not fit into the 60 s"),
        ({"name": "x", "http": {}, "count": 5, "initial-delay": 57}, "do not fit into the 60 s"),
    ],
)
def test_what_is_wrong(gate: dict[str, Any], said: str) -> None:
    (problem,) = problems(settings([], [gate]))
    assert said in problem
    assert problem.startswith(f"gates.after: gate {gate['name'].strip() or 'without a name'}")
    assert "a:b@c" not in problem


def test_nobody_knows_who_answered_through_the_entry_without_a_header() -> None:
    run = {"command": ["x"]}
    gate = {"name": "x", "http": {}}
    (problem,) = problems(settings([gate], [gate], run=run))
    assert "gates.after: gate x could not tell who answered" in problem
    named = {"name": "x", "http": {"header": "Own"}}
    assert problems(settings([gate], [named], run=run)) == []


def test_traffic_is_no_gate_before_the_switch() -> None:
    (problem,) = problems(settings([{"name": "x", "traffic": {"max-error-ratio": 0}}], []))
    assert "put it under `after`" in problem


def test_two_gates_of_a_name() -> None:
    gate = {"name": "x", "http": {}}
    assert problems(settings([gate, gate], [gate])) == ["gates.before: several gates have the name x"]


def test_gates_that_never_measure_in_a_bake_of_no_time() -> None:
    (problem,) = problems(settings([], [{"name": "x", "http": {}}], bake={"seconds": 0}))
    assert "never measures" in problem


@pytest.mark.parametrize(("timeout", "warned"), [(59, []), (60, ["x"]), (90, ["x"])])
def test_a_bake_that_does_not_outlast_a_request_without_an_answer_is_warned_of(
    timeout: float, warned: list[str]
) -> None:
    gates = [
        {"name": "x", "traffic": {"max-error-ratio": 0.01, "max-latency": 1}},
        {"name": "y", "traffic": {"max-latency": 1}},
        {"name": "z", "http": {}},
    ]
    said = settings([], gates, entry={"timeout": timeout}, bake={"seconds": 60})
    assert [warning.split()[2] for warning in warnings(said)] == warned
    assert all("`entry.timeout`" in warning for warning in warnings(said))
    assert problems(said) == []
