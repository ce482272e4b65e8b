"""Credential plugins of a kubeconfig: what they get, what they may answer, and how their failures are told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sources.cluster.certificates import make, serves_with
from sources.cluster.cluster import discovery, kubeconfig, pretended
from sources.cluster.server import Says, serving

from readiness.model import Supply
from readiness.sources import cluster

VERSION = "client.authentication.k8s.io/v1"


def program(folder: Path, script: str, name: str = "plugin") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def answer(status: dict[str, Any], version: str = VERSION) -> str:
    said = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})
    return f"cat <<'END'\n{said}\nEND"


def read(folder: Path, server: str, root: Path | None = None, **plugin: Any) -> Supply:
    user = {"exec": {"apiVersion": VERSION, "command": "./plugin", "interactiveMode": "Never", **plugin}}
    return cluster.read("shop-staging", "shop", str(kubeconfig(folder, server, user=user)), root)


def refused(folder: Path, **plugin: Any) -> str:
    supply = read(folder, "https://127.0.0.1:1", **plugin)
    assert supply.facts == {}
    (gap,) = supply.gaps
    assert gap.span is not None
    return f"{gap.cause} ({gap.advice})"


def test_the_token_of_a_plugin_is_used_and_asked_for_once(tmp_path: Path) -> None:
    program(tmp_path, f"echo x >> {tmp_path}/runs\n{answer({'token': 'from-plugin'})}")
    with pretended() as server:
        assert read(tmp_path, server.address).gaps == ()
    assert {a.headers["authorization"] for a in server.asked} == {"Bearer from-plugin"}
    assert (tmp_path / "runs").read_text() == "x\n"


def test_a_token_that_ends_is_renewed_before_it_is_sent(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    late = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    first, second = ({"token": t, "expirationTimestamp": e} for t, e in (("first", soon), ("second", late)))
    choose = f"if [ -e {tmp_path}/ran ]; then {answer(second)}\nelse touch {tmp_path}/ran; {answer(first)}\nfi"
    program(tmp_path, choose)
    with pretended() as server:
        assert read(tmp_path, server.address).gaps == ()
    assert {a.headers["authorization"] for a in server.asked} == {"Bearer second"}


def test_the_certificate_of_a_plugin_is_used(tmp_path: Path) -> None:
    authority = make(tmp_path, "authority")
    proof, robot = (
        make(tmp_path, "server", issuer=authority, host="127.0.0.1"),
        make(tmp_path, "robot", issuer=authority),
    )
    pair = {"clientCertificateData": robot.certificate.read_text(), "clientKeyData": robot.key.read_text()}
    program(tmp_path, answer(pair))
    routes = {**discovery([]), "/api/v1/namespaces/shop": Says(200, {"metadata": {"name": "shop"}})}
    ca = {"certificate-authority-data": base64.b64encode(authority.certificate.read_bytes()).decode()}
    with serving(routes, serves_with(proof, clients=authority)) as server:
        user = {"exec": {"apiVersion": VERSION, "command": "./plugin"}}
        file = kubeconfig(tmp_path, server.address, user=user, **ca)
        assert cluster.read("shop-staging", "shop", str(file)).gaps == ()


def test_a_plugin_gets_arguments_variables_and_what_it_is_told_of_the_cluster(tmp_path: Path) -> None:
    tell = 'printf "%s|%s|%s" "$1" "$PLUGIN_PROFILE" "$KUBERNETES_EXEC_INFO" > told\n'
    program(tmp_path, tell + answer({"token": "t0"}))
    with pretended() as server:
        env = [{"name": "PLUGIN_PROFILE", "value": "shop"}]
        supply = read(tmp_path, server.address, args=["a b;c"], env=env, provideClusterInfo=True)
        assert supply.gaps == ()
    argument, profile, information = (tmp_path / "told").read_text().split("|")
    assert (argument, profile) == ("a b;c", "shop")
    told = json.loads(information)
    assert told["spec"]["cluster"]["server"] == server.address
    assert told["spec"]["interactive"] is False
    assert told["apiVersion"] == VERSION


def test_what_a_failing_plugin_says_is_told_without_its_secrets(tmp_path: Path) -> None:
    said = 'printf "\\033[31mlogin expired\\033[0m for $PLUGIN_TOKEN at https://me:pa55word@idp\\n" >&2; exit 7'
    program(tmp_path, said)
    told = refused(tmp_path, env=[{"name": "PLUGIN_TOKEN", "value": "hunter2-hunter2"}])
    assert "gave no credential: login expired for <PLUGIN_TOKEN> at https://me:<password>@idp" in told


def test_a_plugin_without_an_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from readiness.sources.cluster import plugin as module
    from readiness.sources.programs import Bounds

    monkeypatch.setattr(module, "_BOUNDS", Bounds(seconds=0.3))
    program(tmp_path, "exec sleep 60")
    assert "it gave no answer within 0.3 s and was ended" in refused(tmp_path)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo hunter2", "something that is no ExecCredential"),
        ("echo '[]'", "something that is no ExecCredential"),
        ("""echo '{"status": {"token": ""}}'""", "answered in another version"),
        (answer({"token": "hunter2"}, "client.authentication.k8s.io/v1beta1"), "answered in another version"),
        (answer({}), "neither a token nor a certificate with its key"),
        (answer({"clientCertificateData": "hunter2"}), "neither a token nor a certificate with its key"),
        ("exit 3", "it ended with 3 and said nothing"),
    ],
)
def test_an_answer_that_is_none_is_named_and_not_repeated(tmp_path: Path, script: str, said: str) -> None:
    program(tmp_path, script)
    told = refused(tmp_path)
    assert said in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "exec.apiVersion: wanted"),
        ({"command": "no-such-plugin", "installHint": "see the wiki"}, "no program no-such-plugin (see the wiki)"),
        ({"command": "./nowhere"}, "no program ./nowhere"),
        ({"command": None}, "no program (no name)"),
        ({"interactiveMode": "Always"}, "exec.interactiveMode: the program asks a person"),
        ({"args": "a b"}, "exec.args: wanted a list of texts"),
        ({"env": ["A=b"]}, "exec.env: wanted a list of names and values"),
    ],
)
def test_a_plugin_that_cannot_be_started_is_named(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    program(tmp_path, answer({"token": "t0"}))
    assert said in refused(tmp_path, **fields)


def test_no_plugin_is_taken_from_the_tree_that_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    program(tree / "bin", f"touch {tmp_path}/ran; {answer({'token': 't0'})}", "aws")
    monkeypatch.setenv("PATH", f"{tree}/bin:/usr/bin:/bin")
    for command in ("aws", str(tree / "bin" / "aws"), "../tree/bin/aws"):
        supply = read(tmp_path / "home", "https://127.0.0.1:1", tree, command=command)
        assert supply.facts == {}
        assert "exec.command" in supply.gaps[0].cause
    program(tmp_path / "bin", answer({"token": "t0"}), "aws")
    monkeypatch.setenv("PATH", f"{tree}/bin:{tmp_path}/bin:/usr/bin:/bin")
    with pretended() as server:
        assert read(tmp_path / "home", server.address, tree, command="aws").gaps == ()
    assert not (tmp_path / "ran").exists()
