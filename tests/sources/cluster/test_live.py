"""A real cluster gives the same verdicts as the manifests that were applied to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sources.cluster.live import Cluster, real

from readiness.engine import registry
from readiness.engine.judge import conclude
from readiness.engine.run import ask
from readiness.engine.world import World, roots_of
from readiness.facts.objects import Objects
from readiness.facts.settings import Now, ServiceSettings
from readiness.http import Answer, Reader
from readiness.model import Check, Origin, Outcome, Status, Supply
from readiness.sources import cluster, manifests
from readiness.sources.cluster.api import Api
from readiness.sources.cluster.connection import reader
from readiness.sources.cluster.kubeconfig import find
from readiness.sources.cluster.listing import listed
from readiness.sources.knowledge import knowledge

pytestmark = pytest.mark.needs("kubectl", "cluster")
HERE = Path(__file__).parent
EXAMPLE = HERE.parents[2] / "examples" / "payments" / "deploy" / "staging"
CHECKS = registry.installed().checks
# Those that can be asked of a live object as well as of a written one.
BOTH = {
    c.id: c for c in CHECKS.values() if any(n.origin is None and Objects in roots_of(n.type) for n in c.needs)
}  # fmt: skip


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Cluster]:
    home = tmp_path / "kubectl"
    home.mkdir()
    with real(home) as found:
        yield found


def read(live: Cluster, namespace: str, kubeconfig: Path | str = "") -> Supply:
    return cluster.read(live.context, namespace, str(kubeconfig or live.kubeconfig))


def outcome(check: Check, *supplies: Supply, profile: str = "production") -> Outcome:
    """The outcome of a check with its defaults for a profile, given what these sources supplied."""
    facts: dict[type, Any] = {
        Now: Now(datetime.now(UTC)),
        ServiceSettings: ServiceSettings("shop", tier=1, profile=profile),
        **knowledge(),
    }
    settings = {name: setting.default_for(profile, 1) for name, setting in check.settings.items()}
    everywhere = Supply("settings", frozenset(facts), facts)
    return conclude(ask(check, World("test", [everywhere, *supplies]), settings), "test", settings=settings)


def said(made: Outcome) -> tuple[Status, list[tuple[str, str, str]]]:
    """Status and bad findings. Words may differ: the server sorts labels."""
    bad = sorted((j.finding.place.subject, j.finding.place.path, j.severity.value) for j in made.judged)
    return made.status, bad


def written(text: str, folder: Path, namespace: str) -> Supply:
    (folder / "all.yaml").write_text(text)
    supply = manifests.read(["all.yaml"], folder, namespace=namespace)
    assert supply.gaps == ()
    return supply


def compared(text: str, live: Cluster, folder: Path, namespace: str, profile: str = "production") -> dict[str, Status]:
    """Apply, read back, and ask every check of both: the statuses, which are the same."""
    rendered = written(text, folder, namespace)
    live.kubectl("apply", "-f", "-", stdin=text)
    real = read(live, namespace)
    assert real.gaps == ()
    pairs = {name: tuple(outcome(check, s, profile=profile) for s in (rendered, real)) for name, check in BOTH.items()}
    differences = {name: (said(a), said(b)) for name, (a, b) in pairs.items() if said(a) != said(b)}
    assert differences == {}
    return {name: a.status for name, (a, _) in pairs.items()}


def test_the_example_is_judged_live_as_it_is_written(live: Cluster, tmp_path: Path) -> None:
    namespace = live.namespace()
    files = sorted(EXAMPLE.glob("*.yaml"))
    text = "\n---\n".join(f.read_text() for f in files).replace("payments-staging", namespace)
    text = text.replace("shop-critical", namespace)  # a PriorityClass is the whole cluster's: one for this test
    live.leftovers.append(("priorityclass", namespace))
    bodies = [b for b in yaml.safe_load_all(text) if b]
    foreign = {(*b["apiVersion"].split("/"), b["kind"]) for b in bodies if "." in b["apiVersion"].partition("/")[0]}
    live.define(*sorted(f for f in foreign if not f[0].endswith(".k8s.io")))
    statuses = compared(text, live, tmp_path, namespace, profile="staging")
    passed = {name for name, status in statuses.items() if status is Status.PASSED}
    wanted = {"availability/replicas", "network/ingress-policy", "secrets/secret-references", "monitoring/scraped"}
    assert wanted <= passed


def test_what_the_server_fills_in_changes_no_verdict(live: Cluster, tmp_path: Path) -> None:
    namespace = live.namespace()
    text = (HERE / "faulty.yaml").read_text().replace("NAMESPACE", namespace)
    wide = [("clusterrolebinding", namespace), ("clusterrolebinding", f"{namespace}-admin"), ("clusterrole", namespace)]
    live.leftovers += wide
    statuses = compared(text, live, tmp_path, namespace)
    failed = {name for name, status in statuses.items() if status is Status.FAILED}
    assert failed >= {
        "availability/replicas",
        "dependencies/config-references",
        "images/tag",
        "network/service-selects-pods",
        "resources/memory-limit",
        "security/cluster-admin",
        "security/privileged",
        "storage/backup-coverage",
        "tenancy/resource-quota",
    }


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAMESPACE}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "example.com/web:1", securityContext: {readOnlyRootFilesystem: true}}
"""


def test_what_may_not_be_listed_is_unknown_and_named_until_the_advice_is_taken(live: Cluster, tmp_path: Path) -> None:
    namespace = live.namespace()
    live.kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("NAMESPACE", namespace))
    robot = live.account(namespace, "robot", tmp_path)
    bound = ("--serviceaccount", f"{namespace}:robot")
    blind = read(live, namespace, robot)
    made = outcome(CHECKS["availability/replicas"], blind)
    assert made.status is Status.UNKNOWN
    assert f"no permission to list deployments.apps in the namespace {namespace}" in [g.cause for g in made.gaps]

    rules: dict[str, list[Any]] = {"Role": [], "ClusterRole": []}
    for gap in blind.gaps:
        kind, _, rule = gap.advice.partition(" rule: ")
        rules[kind].append(yaml.safe_load(rule))
    name = f"{namespace}-robot"
    live.leftovers += [("clusterrolebinding", name), ("clusterrole", name)]
    live.apply(
        *(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": k, "metadata": {"name": name}, "rules": r}
            | ({"metadata": {"name": name, "namespace": namespace}} if k == "Role" else {})
            for k, r in rules.items()
        )
    )
    live.kubectl("create", "rolebinding", name, "--role", name, "-n", namespace, *bound)
    live.kubectl("create", "clusterrolebinding", name, "--clusterrole", name, *bound)
    sees = read(live, namespace, robot)
    assert sees.gaps == ()
    assert outcome(CHECKS["availability/replicas"], sees).status is Status.PASSED
    assert {v for r in (*rules["Role"], *rules["ClusterRole"]) for v in r["verbs"]} == {"get", "list"}


def test_a_token_that_is_none_is_refused(live: Cluster, tmp_path: Path) -> None:
    namespace = live.namespace()
    robot = live.account(namespace, "robot", tmp_path)
    robot.write_text(robot.read_text().replace('"token": "', '"token": "x'))
    (gap,) = read(live, namespace, robot).gaps
    assert gap.cause == "the API server does not accept these credentials (401)"


def test_nothing_that_a_secret_holds_leaves_the_server(live: Cluster) -> None:
    namespace, hidden = live.namespace(), "the-hidden-value"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": namespace}}
    live.apply({**secret, "stringData": {"password": hidden}})  # which also writes it into an annotation
    whole = live.kubectl("get", "secret", "db", "-n", namespace, "-o", "yaml")
    assert hidden in whole
    received: list[bytes] = []

    class Listening:
        def __init__(self, inner: Reader) -> None:
            self.inner = inner

        def get(self, *arguments: Any, **options: Any) -> Answer:
            answer = self.inner.get(*arguments, **options)
            received.append(answer.body)
            return answer

    with reader(find(live.context, live.kubeconfig)) as connection:
        found = listed(Api(Listening(connection)), namespace, live.context)  # type: ignore[arg-type]
    assert ("Secret", "db") in {(r.kind, r.name) for r in found.resources}
    everything = b"".join(received)
    assert b'"db"' in everything
    for form in (hidden, "dGhlLWhpZGRlbi12YWx1ZQ"):
        assert form.encode() not in everything


def test_what_runs_is_compared_with_what_is_written(live: Cluster, tmp_path: Path) -> None:
    namespace = live.namespace()
    text = DEPLOYMENT.replace("NAMESPACE", namespace)
    drift, fixed = CHECKS["security/drift"], CHECKS["deployment/immutable-fields"]
    rendered = written(text, tmp_path, namespace)
    before = read(live, namespace)
    for check in (drift, fixed):
        assert outcome(check, rendered, before).status is Status.NOT_APPLICABLE, "not deployed yet"
    live.kubectl("apply", "-f", "-", stdin=text)
    after = read(live, namespace)
    for check in (drift, fixed):
        assert outcome(check, rendered, after).status is Status.PASSED
    other = written(text.replace("app: web", "app: shop"), tmp_path, namespace)
    assert outcome(fixed, other, after).status is Status.FAILED
    patch = '[{"op": "replace", "path": "/spec/template/spec/containers/0/securityContext", "value": {}}]'
    live.kubectl("patch", "deployment", "web", "-n", namespace, "--type=json", "-p", patch)
    changed = read(live, namespace)
    assert outcome(drift, rendered, changed).status is Status.FAILED
    robot = live.account(namespace, "robot", tmp_path)
    for check in (drift, fixed):
        assert outcome(check, rendered, read(live, namespace, robot)).status is Status.UNKNOWN
        assert outcome(check, rendered).status is Status.SKIPPED


def test_a_claim_without_a_volume_is_found(live: Cluster) -> None:
    namespace = live.namespace()
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": namespace},
        "spec": {
            "storageClassName": "",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    pod = yaml.safe_load(DEPLOYMENT.replace("NAMESPACE", namespace))
    pod["spec"]["template"]["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    live.apply(claim, pod)
    live.kubectl("wait", "pvc/data", "-n", namespace, "--for=jsonpath={.status.phase}=Pending", "--timeout=30s")
    made = outcome(CHECKS["storage/claim-bound"], read(live, namespace))
    assert made.status is Status.FAILED
    assert made.judged[0].finding.place.anchor.origin == Origin.LIVE
