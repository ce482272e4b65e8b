"""A kubeconfig is vetted before anybody uses it: every fault has its field and its line, and no secret is repeated."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from sources.cluster.certificates import make, serves_with
from sources.cluster.cluster import discovery, kubeconfig, pretended
from sources.cluster.server import Says, serving

from readiness.facts.objects import Objects
from readiness.model import Gap, Supply
from readiness.sources import cluster

SECRETS = ("hunter2-token", "hunter2-password", "aHVudGVyMi1rZXk=")
HOME = {"/api/v1/namespaces/shop": Says(200, {"metadata": {"name": "shop"}})}


def refused(file: Path | str, *, context: str = "shop-staging", root: Path | None = None) -> Gap:
    """The one gap, for a kubeconfig that cannot be used."""
    supply = cluster.read(context, "shop", str(file), root)
    assert supply.facts == {}
    (gap,) = supply.gaps
    assert not any(secret in repr(supply) for secret in SECRETS)
    return gap


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    file = folder / "kubeconfig"
    file.write_text(text)
    file.chmod(0o600)
    return file


def text(server: str = "https://127.0.0.1:1", user: str = "{token: hunter2-token}", cluster_more: str = "") -> str:
    return f"""apiVersion: v1
kind: Config
current-context: elsewhere
clusters:
- name: c
  cluster:
    server: {server}
    {cluster_more}
users:
- name: u
  user: {user}
contexts:
- name: shop-staging
  context: {{cluster: c, user: u}}
"""


def test_a_context_that_is_not_there_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    file = written(tmp_path, text())
    gap = refused(file, context="shop-stagin")
    assert gap.cause == "cluster.context names shop-stagin, which the kubeconfig does not have"
    assert gap.advice == "did you mean shop-staging?"
    assert gap.span is not None
    assert gap.span.path == str(file)
    assert refused(file, context="qqq").advice == "there are: shop-staging"


def test_the_current_context_is_never_used(tmp_path: Path) -> None:
    with pretended() as server:
        file = kubeconfig(tmp_path, server.address)
        document = json.loads(file.read_text())
        document["contexts"].append({"name": "another", "context": {"cluster": "c"}})
        file.write_text(json.dumps(document))
        assert "names ," in refused(file, context="").cause
        assert server.asked == []


@pytest.mark.parametrize(
    ("edit", "cause", "line"),
    [
        (("{cluster: c, user: u}", "{user: u}"), "context.cluster: is missing", 14),
        (("{cluster: c, user: u}", "{cluster: d, user: u}"), "context.cluster names d, which the kubeconfig", 1),
        (("{cluster: c, user: u}", "{cluster: c, user: v}"), "context.user names v, which the kubeconfig", 1),
        (("{cluster: c, user: u}", "nothing"), "context: wanted a mapping, found str", 14),
        (("server: https", "sever: https"), "server: wanted the address of the API server", 6),
        (("https://127.0.0.1:1", "127.0.0.1:1"), "server: wanted the address of the API server", 7),
        (("https://127.0.0.1:1", "[1, 2]"), "server: wanted a text, found list", 7),
        (("https://127.0.0.1:1", "http://10.0.0.1"), "server: 10.0.0.1 is asked without TLS", 7),
        (("https://127.0.0.1:1", '"https://[::1"'), "server: wanted the address of the API server", 7),
        (("- name: c\n", "- name: c\n  cluster: {}\n- name: c\n"), "has 2 clusters named c: lines 5 and 7", 7),
        (("contexts:", "contexts: {}\nelse:"), "kubeconfig.contexts: wanted a list, found dict", 12),
        (("{token: hunter2-token}", "hunter2-token"), "user: wanted a mapping, found str", 11),
        (("{token: hunter2-token}", "{token: [hunter2-token]}"), "user.token: wanted a text, found list", 11),
        (("{token: hunter2-token}", "{tokenFile: nowhere}"), "user.tokenFile: there is no file", 11),
        (("{token: hunter2-token}", "{client-certificate: no.crt}"), "user.client-certificate: there is no file", 11),
        (("{token: hunter2-token}", "{client-certificate-data: '?'}"), "certificate-data: this is not base64", 11),
        (("{token: hunter2-token}", "{client-key-data: '?'}"), "client-key-data: this is not base64", 11),
        (("{token: hunter2-token}", "{client-certificate-data: aGk=, client-key-data: aGk=}"), "in PEM", 11),
        (("{token: hunter2-token}", "{token: hunter2-token, as: a, as-groups: [b]}"), "user.as-groups: reading as", 11),
        (("{token: hunter2-token}", "{auth-provider: {name: gcp}}"), "name: gcp: Kubernetes has removed this", 11),
        (("{token: hunter2-token}", "{auth-provider: {name: oidc}}"), "config.id-token: is missing", 11),
    ],
)
def test_each_fault_has_its_field_and_its_line(tmp_path: Path, edit: tuple[str, str], cause: str, line: int) -> None:
    before = text()
    assert edit[0] in before
    gap = refused(written(tmp_path, before.replace(*edit)))
    assert cause in gap.cause
    assert gap.span is not None
    assert gap.span.line == line


@pytest.mark.parametrize(
    ("field", "cause"),
    [
        ("certificate-authority: nowhere.crt", "cluster.certificate-authority: there is no file"),
        ("certificate-authority-data: '?'", "certificate-authority-data: this is not base64"),
        ("certificate-authority-data: aGk=", "the certificate authority cannot be used"),
        ("insecure-skip-tls-verify: maybe", "insecure-skip-tls-verify: wanted true or false, found str"),
        ("proxy-url: gopher://x", "the proxy cannot be used"),
        ("tls-server-name: [a]", "tls-server-name: wanted a text"),
    ],
)
def test_faults_of_a_cluster_are_named(tmp_path: Path, field: str, cause: str) -> None:
    assert cause in refused(written(tmp_path, text(cluster_more=field))).cause


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere").cause
    assert "is no file" in refused(tmp_path).cause
    assert "is empty" in refused(written(tmp_path, "")).cause
    broken = refused(written(tmp_path, "clusters: [\nusers: }"))
    assert "broken" in broken.cause
    assert broken.span is not None
    assert broken.span.line == 2
    assert "is a list" in refused(written(tmp_path, "- hunter2-token")).cause
    assert "larger than" in refused(written(tmp_path, "#" * (6 << 20))).cause


def test_of_several_files_the_first_that_has_an_entry_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pretended() as server:
        first = written(tmp_path / "a", "contexts:\n- name: shop-staging\n  context: {cluster: c, user: u}\n")
        second = kubeconfig(tmp_path / "b", server.address, user={"token": "hunter2-token"})
        monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/missing:{first}:{second}")
        supply = cluster.read("shop-staging", "shop", "")
    assert supply.gaps == ()
    assert server.asked[0].headers["authorization"] == "Bearer hunter2-token"


def test_without_any_file_it_is_said_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    gap = refused("")
    assert gap.cause == f"there is no kubeconfig: {tmp_path}/.kube/config does not exist"
    assert "KUBECONFIG" in gap.advice


def test_the_settings_may_not_name_a_kubeconfig_of_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come with the tree, and a kubeconfig may run programs and send files away."""
    tree = tmp_path / "tree"
    with pretended() as server:
        file = kubeconfig(tree / "ops", server.address)
        (tmp_path / "link").symlink_to(file)
        for name in ("ops/kubeconfig", str(file), str(tmp_path / "link"), "../link"):
            gap = refused(name, root=tree)
            assert "lies in the tree that is checked" in gap.cause
            assert "KUBECONFIG=" in gap.advice
        assert server.asked == []
        monkeypatch.setenv("KUBECONFIG", str(file))
        assert cluster.read("shop-staging", "shop", "", tree).gaps == ()


def test_a_kubeconfig_that_others_may_read_is_noted(tmp_path: Path) -> None:
    with pretended() as server:
        file = kubeconfig(tmp_path, server.address)
        assert cluster.read("shop-staging", "shop", str(file)).notes == ()
        file.chmod(0o644)
        (note,) = cluster.read("shop-staging", "shop", str(file)).notes
    assert "mode 0644" in note
    assert "chmod 600" in note


def authorization(folder: Path, user: dict[str, Any]) -> dict[str, str]:
    """The headers with which a user is introduced."""
    with pretended() as server:
        supply = cluster.read("shop-staging", "shop", str(kubeconfig(folder, server.address, user=user)))
    assert supply.gaps == ()
    return dict(server.asked[-1].headers)


def test_every_kind_of_user_is_introduced(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2-token\n")
    assert authorization(tmp_path, {"token": "hunter2-token"})["authorization"] == "Bearer hunter2-token"
    assert authorization(tmp_path, {"tokenFile": "token"})["authorization"] == "Bearer hunter2-token"
    basic = base64.b64encode(b"me:hunter2-password").decode()
    sent = authorization(tmp_path, {"username": "me", "password": "hunter2-password"})
    assert sent["authorization"] == f"Basic {basic}"
    assert "authorization" not in authorization(tmp_path, {})
    other = authorization(tmp_path, {"token": "hunter2-token", "as": "robot", "as-uid": "7"})
    assert (other["impersonate-user"], other["impersonate-uid"]) == ("robot", "7")


def id_token(ends: float) -> str:
    parts = ({"alg": "none"}, {"exp": ends})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), "c2ln"])


def test_an_oidc_token_is_used_until_it_ends_and_renewed_by_nobody_here(tmp_path: Path) -> None:
    def user(token: str, issuer: str) -> dict[str, Any]:
        config = {"id-token": token, "idp-issuer-url": issuer, "refresh-token": "hunter2-token", "client-id": "a"}
        return {"auth-provider": {"name": "oidc", "config": {**config, "client-secret": "hunter2-password"}}}

    with serving({}) as issuer:
        for left in (30, 3600):
            good = id_token(time.time() + left)
            assert authorization(tmp_path, user(good, issuer.address))["authorization"] == f"Bearer {good}"
        old = kubeconfig(tmp_path, "https://127.0.0.1:1", user=user(id_token(time.time() - 5), issuer.address))
        gap = refused(old)
        assert "config.id-token: the token expired at" in gap.cause
        assert "kubectl" in gap.advice
        assert issuer.asked == []


def test_a_client_certificate_that_is_over_or_not_yet_valid_is_named(tmp_path: Path) -> None:
    for days, said in (((-9, -2), "expired on"), ((2, 9), "is not valid before")):
        pair = make(tmp_path, "robot", days=days)
        files = {"client-certificate": "robot.crt", "client-key": "robot.key"}
        gap = refused(kubeconfig(tmp_path, "https://127.0.0.1:1", user=files))
        assert f"user.client-certificate: the client certificate {said}" in gap.cause
        data = {
            "client-certificate-data": base64.b64encode(pair.certificate.read_bytes()).decode(),
            "client-key-data": base64.b64encode(pair.key.read_bytes()).decode(),
        }
        gap = refused(kubeconfig(tmp_path, "https://127.0.0.1:1", user=data))
        assert f"user.client-certificate-data: the client certificate {said}" in gap.cause
    make(tmp_path, "robot")
    gap = refused(kubeconfig(tmp_path, "https://127.0.0.1:1", user={"client-certificate": "robot.crt"}))
    assert "user.client-certificate: there is no client-key for it" in gap.cause


def secure(tmp_path: Path, **how: Any) -> tuple[Supply, list[str]]:
    """What is read from a server in TLS that knows clients by certificate, and what is left of private files."""
    authority = make(tmp_path, "authority")
    proof = make(tmp_path, "server", issuer=authority, host="127.0.0.1")
    robot = make(tmp_path, "robot", issuer=authority)
    routes = {**discovery([]), **HOME}
    with serving(routes, serves_with(proof, clients=authority)) as server:
        trusted = base64.b64encode(authority.certificate.read_bytes()).decode()
        user = {
            "client-certificate-data": base64.b64encode(robot.certificate.read_bytes()).decode(),
            "client-key-data": base64.b64encode(robot.key.read_bytes()).decode(),
        }
        options = {"certificate-authority-data": trusted, **how}
        file = kubeconfig(tmp_path / "home", server.address, user=user, **{k: v for k, v in options.items() if v})
        return cluster.read("shop-staging", "shop", str(file)), server.paths()


def test_certificates_prove_both_sides_and_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    supply, asked = secure(tmp_path)
    assert supply.gaps == ()
    assert asked
    assert list(private.rglob("*")) == []
    again, _ = secure(tmp_path)
    assert again.gaps == (), "a second time, with the same certificates"


def test_a_server_that_does_not_prove_itself_is_not_asked(tmp_path: Path) -> None:
    supply, asked = secure(tmp_path, **{"certificate-authority-data": ""})
    (gap,) = supply.gaps
    assert "certificate verify failed" in gap.cause
    assert asked == []


def test_without_verification_findings_stand_and_nothing_is_proved(tmp_path: Path) -> None:
    off = {"certificate-authority-data": "", "insecure-skip-tls-verify": True}
    supply, asked = secure(tmp_path, **off)
    assert asked
    assert Objects in supply.facts
    (gap,) = supply.gaps
    assert "insecure-skip-tls-verify: the server does not prove who it is" in gap.cause
    assert gap.hides(("Deployment",))
