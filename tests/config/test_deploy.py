"""How a service is shipped: what could not be carried out is refused while the settings are read, at its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import readiness_deploy

from readiness.cli import deploying
from readiness.config.deploy import EVENTS

HEAD = "environments:\n  staging:\n    deploy:\n      run: {command: [./serve]}\n"
PORT = "wanted an address and a port from 1 to 65535, such as 127.0.0.1:8080"
HOST = "wanted an address and a port, such as 127.0.0.1:8080 or [::1]:8080"
NETWORK = "wanted a network without bits of a host, such as 10.0.0.0/8"
# What the keeper tells and the record shows too, and what is noted while no run has begun.
NEVER_HEARD = {"phase", "route-moved", "lock-lost", "guard-done"} | {
    "release-made", "release-found", "leftover-removed", "waiting", "uncommitted", "preparing",
}  # fmt: skip
SAID_OTHERWISE = {"committed", "aborted", "refused", "superseded", "taken-over", "watched-by-the-deployer"}


@pytest.mark.parametrize(
    ("said", "where", "fault"),
    [
        ("entry: {listen: '127.0.0.1:99999'}", "entry.listen", f"{PORT}, found '127.0.0.1:99999'"),
        ("entry: {listen: '127.0.0.1:0'}", "entry.listen", f"{PORT}, found '127.0.0.1:0'"),
        ("entry: {listen: '18081:127.0.0.1'}", "entry.listen", f"{PORT}, found '18081:127.0.0.1'"),
        ("entry: {listen: 127.0.0.1}", "entry.listen", f"{PORT}, found '127.0.0.1'"),
        ("entry: {listen: ''}", "entry.listen", f"{PORT}, found ''"),
        ("entry: {listen: '18081:8080'}", "entry.listen", f"{HOST}, found '18081:8080'"),
        ("entry: {listen: '127.0.0.256:8080'}", "entry.listen", f"{HOST}, found '127.0.0.256:8080'"),
        ("entry: {listen: 'http://localhost:8080'}", "entry.listen", f"{HOST}, found 'http://localhost:8080'"),
        ("entry: {listen: '*:8080'}", "entry.listen", f"{HOST}, found '*:8080'"),
        ("entry: {listen: '${WHERE}'}", "entry.listen", f"{PORT}, found '127.0.0.1:70000'"),
        ("entry: {trusted: [10.0.0.1/8]}", "entry.trusted[0]", f"{NETWORK}, found '10.0.0.1/8'"),
        ("entry: {idle: '${ENDLESS}'}", "entry.idle", "wanted a finite number, found inf"),
        (
            "run: {identity: {header: X Release}}",
            "run.identity.header",
            "wanted the name of a header, such as X-Release, found 'X Release'",
        ),
    ],
)
def test_what_could_not_be_carried_out_is_a_fault_at_its_line(faults, said: str, where: str, fault: str):
    text = f"environments:\n  staging:\n    deploy:\n      {said}\n"
    found = faults(text, {"WHERE": "127.0.0.1:70000", "ENDLESS": ".inf"})
    assert len(found) == 1
    line, _, message = found[0].partition(" ")
    assert line.startswith("4:")
    assert message == f"`environments.staging.deploy.{where}`: {fault}"


@pytest.mark.parametrize(
    "listen",
    [
        "127.0.0.1:8080", "0.0.0.0:80", "127.1:8080", "[::1]:8080", "::1:8080", "[::]:65535", "[fe80::1%eth0]:8080",
        "localhost:8080", "web-1.internal_net.:8080", ":8080", "8080", "${HOST:-127.0.0.1}:8080", "${PORT}",
    ],
)  # fmt: skip
def test_what_the_keeper_can_bind_may_be_said(faults, listen: str):
    assert faults(f"{HEAD}      entry: {{listen: '{listen}'}}\n", {"PORT": "8080"}) == []


def test_an_endless_number_is_refused_without_a_word_of_kubernetes(faults):
    (fault,) = faults(HEAD + "      bake: {seconds: .inf}\n")
    assert fault == "5:23: .inf is no finite number; put it in quotes if a text is meant"


@pytest.mark.parametrize(
    ("deploy", "line"),
    [
        ("deploy: {bake: {seconds: 1}}", "3:5"),
        ("deploy:\n      run: {ready: {path: /up}}", "4:7"),
    ],
)
def test_a_service_that_the_keeper_runs_needs_a_command(faults, deploy: str, line: str):
    (fault,) = faults(f"environments:\n  staging:\n    {deploy}\n")
    assert fault.startswith(f"{line}: `deploy.run.command` is missing; it is mandatory, since the keeper starts")


def test_a_command_may_be_in_a_layer_below_and_a_cluster_needs_none(faults):
    base = "base: {deploy: {run: {command: [./serve]}}}\nenvironments: {staging: {deploy: {bake: {seconds: 1}}}}\n"
    assert faults(base) == []
    assert faults("base: {deploy: {bake: {seconds: 1}}}\n" + HEAD) == []
    cluster = "{context: c, namespace: shop, service: s, deployment: d.yaml, entry: http://e}"
    assert faults(f"environments: {{staging: {{deploy: {{kubernetes: {cluster}}}}}}}\n") == []


@pytest.mark.parametrize(
    ("said", "found"), [("~/st", str(Path.home() / "st")), ("st", "st"), ("~no-such-user/st", "~no-such-user/st")]
)
def test_the_state_may_be_in_a_home(loads, said: str, found: str):
    (environment,) = loads(f"{HEAD}      state: {said}\n").environments
    assert environment.deploy.state == found


def test_layers_that_contradict_each_other_are_a_fault_where_the_winning_one_says_so(faults):
    below = "base:\n  deploy:\n    migrations: {database: a, sql: sql}\n"
    above = "      migrations: {database: a, alembic: {render: [a], versions: b}}\n"
    (fault,) = faults(below + HEAD + above)
    assert fault.startswith(
        "8:7: `deploy.migrations`, as `base`, `inherits` and policies lay it together: wants either"
    )
    assert fault.endswith("null takes away what a lower layer says")


def test_who_is_told_of_what_is_written_as_people_write_it(loads):
    loaded = loads(HEAD + "      notify: [{command: [./tell], on: [switched, 'r*', rolled back]}]\n")
    (told,) = loaded.environments[0].deploy.notify
    assert told.on == ["switched", "r*", "rolled back"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (
            "{command: [./tell], on: [swiched]}",
            "6:38: `environments.staging.deploy.notify[0].on[0]`: there is no such event; did you mean `switched`?, "
            "found 'swiched'",
        ),
        (
            "{command: [./tell], on: [deployed]}",
            "6:38: `environments.staging.deploy.notify[0].on[0]`: there is no such event; did you mean "
            "`committed`?, found 'deployed'",
        ),
        (
            "{command: [./tell], on: [X]}",
            "5:16: `environments.staging.deploy.notify[0].on[0]`: there is no such event; the common ones are "
            "switched, committed, rolled-back, held and aborted, found 'X'",
        ),
        (
            "{webhook: 'hooks.example.org/s3cret'}",
            "5:16: `environments.staging.deploy.notify[0]`: wants a `webhook` that begins with http:// or https://",
        ),
    ],
)
def test_a_receiver_that_would_never_be_told_is_a_fault_without_its_address(faults, said: str, fault: str):
    (found,) = faults(HEAD + f"      notify: [{said}]\n")
    assert found.partition(" ")[2] == fault.partition(" ")[2]
    assert "s3cret" not in found


def test_all_that_the_deployer_notes_can_be_asked_for():
    sources = [*Path(readiness_deploy.__path__[0]).rglob("*.py"), *Path(deploying.__path__[0]).glob("asking.py")]
    noted = {said for path in sources for said in re.findall(r'(?:note|_complain)\("([a-z ]+)"', path.read_text())}
    assert {said.replace(" ", "-") for said in noted} == NEVER_HEARD | (set(EVENTS) - SAID_OTHERWISE)
