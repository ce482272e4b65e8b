"""Commands, sleeps and requests of pods."""

from decimal import Decimal

import pytest

from readiness.facts.objects import Resource
from readiness.facts.pods import Role, commands, containers, pod_request, shell_script


def pod(body: object) -> Resource:
    return Resource({"kind": "Pod", "spec": body})


@pytest.mark.parametrize(
    ("words", "run"),
    [
        ([], []),
        (["serve", "-c", "a;b"], [["serve", "-c", "a;b"]]),
        (["sh", "-c", "a 'b;c' && d | e; f & wait"], [["a", "b;c"], ["d"], ["e"], ["f"], ["wait"]]),
        (["/bin/bash", "-ec", "a \\\n b\nc"], [["a", "b"], ["c"]]),
        (["sh", "-c", "a # b; c\nd"], [["a"], ["d"]]),
        (["sh", "-c", "a '' b"], [["a", "", "b"]]),
        (["sh", "-c", "a 'b"], []),
        (["sh", "script.sh"], [["sh", "script.sh"]]),
    ],
)
def test_a_shell_line_is_split_into_its_commands(words: list[str], run: list[list[str]]):
    assert [[word.text for word in command.words] for command in commands(words)] == run


@pytest.mark.parametrize(
    "words", [[], ["sh"], ["sh", "-c"], ["python", "-c", "x"], ["sh", "run", "-c", "x"], ["sh", "--rc", "x"]]
)
def test_what_starts_no_shell_has_no_script(words: list[str]):
    assert shell_script(words) is None


@pytest.mark.parametrize("options", ["-c", "-ec", "-ce", "-e -c", "-eo pipefail -c", "--norc -c", "+e -c"])
def test_options_before_the_script_are_no_script(options: str):
    assert shell_script(["/bin/bash", *options.split(), "a; b", "c"]) == "a; b"


@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        (None, 0),
        ({"sleep": {"seconds": 10}}, 10),
        ({"exec": {"command": ["sleep", "7"]}}, 7),
        ({"exec": {"command": ["/bin/sh", "-c", "sleep 0.5m && nginx -s quit; sleep 5"]}}, 35),
        ({"exec": {"command": ["sh", "-c", "sleep $SECONDS"]}}, 0),
        ({"exec": {"command": ["sh", "-c", "if a; then sleep 3; fi; exec sleep 4"]}}, 7),
        ({"exec": {"command": ["echo", "sleep", "9"]}}, 0),
        ({"httpGet": {"path": "/stop"}}, 0),
        ({"sleep": 10}, 0),
        ("soon", 0),
    ],
)
def test_the_sleep_of_a_pre_stop_hook_is_read_off(hook: object, seconds: int):
    (container,) = containers(pod({"containers": [{"lifecycle": {"preStop": hook}}]}).get("spec"))
    assert container.pre_stop_seconds == seconds


def test_roles_and_who_runs_on():
    spec = {
        "initContainers": [{"name": "a"}, {"name": "b", "restartPolicy": "Always"}],
        "containers": [{"name": "c"}],
        "ephemeralContainers": [{"name": "d"}],
    }
    found = list(containers(pod(spec).get("spec")))
    assert [(c.name, c.role, c.runs_on) for c in found] == [
        ("a", Role.INIT, False),
        ("b", Role.SIDECAR, True),
        ("c", Role.MAIN, True),
        ("d", Role.EPHEMERAL, False),
    ]


def asks(cpu: str, **more: object) -> dict:
    return {"resources": {"requests": {"cpu": cpu}}} | more


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"containers": [asks("1"), asks("500m")]}, "1.5"),
        ({"containers": [asks("1")], "initContainers": [asks("2")]}, "2"),
        ({"containers": [asks("1")], "initContainers": [asks("500m"), asks("700m")]}, "1"),
        # Sidecars run beside the main containers, and beside the init containers after them.
        ({"containers": [asks("1")], "initContainers": [asks("200m", restartPolicy="Always")]}, "1.2"),
        ({"containers": [asks("1")], "initContainers": [asks("200m", restartPolicy="Always"), asks("1")]}, "1.2"),
        ({"containers": [asks("1")], "initContainers": [asks("200m", restartPolicy="Always"), asks("2")]}, "2.2"),
        ({"containers": [asks("1")], "initContainers": [asks("2"), asks("200m", restartPolicy="Always")]}, "2"),
        ({"containers": [asks("1")], "overhead": {"cpu": "250m"}}, "1.25"),
        ({"containers": [asks("1")], "resources": {"requests": {"cpu": "3"}}}, "3"),
        ({"containers": [{"resources": {"limits": {"cpu": "4"}}}]}, "4"),
        ({"containers": "none"}, "0"),
    ],
)
def test_a_pod_asks_for_what_the_scheduler_sets_aside(spec: dict, cpu: str):
    assert pod_request(pod(spec).get("spec"), "cpu") == Decimal(cpu)


def test_the_limits_of_a_pod_add_up_apart():
    spec = {"containers": [{"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}}, asks("1")]}
    assert pod_request(pod(spec).get("spec"), "cpu", limits=True) == 2
