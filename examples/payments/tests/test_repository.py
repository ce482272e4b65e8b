"""What is written twice is the same twice: the three deploy forms, rules, versions, runbook, configuration."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from payments import __version__, settings

ROOT = Path(__file__).parents[1]
STAGING = ROOT / "deploy" / "staging"
# Objects of the cluster or of the namespace itself, which a Helm release cannot own.
NOT_IN_CHART = {("Namespace", "payments-staging"), ("PriorityClass", "shop-critical")}
# What tells the forms apart on purpose.
TOOL_LABELS = {"app.kubernetes.io/managed-by", "helm.sh/chart"}

Objects = dict[tuple[str, str], dict[str, Any]]


def objects(text: str) -> Objects:
    """The objects by kind and name, without what each tool adds to them."""
    found: Objects = {}
    for document in yaml.safe_load_all(re.sub(r"payments-config-[0-9a-z]{10}\b", "payments-config", text)):
        if document is None:
            continue
        for metadata in (document["metadata"], document.get("spec", {}).get("template", {}).get("metadata")):
            if isinstance(metadata, dict):
                _strip(metadata)
        key = (document["kind"], document["metadata"]["name"])
        assert key not in found, f"{key} is there twice"
        found[key] = document
    return found


def _strip(metadata: dict[str, Any]) -> None:
    metadata["labels"] = {name: value for name, value in metadata.get("labels", {}).items() if name not in TOOL_LABELS}
    metadata.get("annotations", {}).pop("checksum/config", None)
    if not metadata.get("annotations"):
        metadata.pop("annotations", None)


def run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, check=True, text=True, capture_output=True, timeout=60).stdout


@pytest.fixture(scope="module")
def staging() -> Objects:
    return objects("---\n".join(file.read_text() for file in sorted(STAGING.glob("*.yaml"))))


def test_the_overlay_is_the_plain_staging(staging: Objects) -> None:
    assert objects(run("kubectl", "kustomize", str(ROOT / "deploy/kustomize/overlays/staging"))) == staging


def test_the_chart_is_the_plain_staging(staging: Objects) -> None:
    chart = str(ROOT / "deploy/chart")
    values = f"{chart}/values-staging.yaml"
    rendered = run("helm", "template", "payments", chart, "--namespace", "payments-staging", "--values", values)
    assert objects(rendered) == {key: value for key, value in staging.items() if key not in NOT_IN_CHART}


def test_the_chart_and_the_overlay_agree_on_production() -> None:
    chart = str(ROOT / "deploy/chart")
    values = f"{chart}/values-production.yaml"
    rendered = run("helm", "template", "payments", chart, "--namespace", "payments-production", "--values", values)
    overlay = objects(run("kubectl", "kustomize", str(ROOT / "deploy/kustomize/overlays/production")))
    for key in (("Namespace", "payments-production"), ("PriorityClass", "shop-critical")):
        del overlay[key]
    assert objects(rendered) == overlay
    assert "staging" not in rendered


def test_pods_roll_when_their_settings_change(staging: Objects) -> None:
    deployment = yaml.safe_load((STAGING / "deployment.yaml").read_text())
    written = deployment["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
    assert written == hashlib.sha256((STAGING / "configmap.yaml").read_bytes()).hexdigest()


def test_the_settings_of_the_pods_are_settings_of_the_service(staging: Objects, tmp_path: Path) -> None:
    data = dict(staging["ConfigMap", "payments-config"]["data"])
    file = tmp_path / "database-url"
    file.write_text("postgresql://u:p@database/payments")
    assert Path(data["DATABASE_URL_FILE"]).name == file.name
    read = settings.Settings.from_environment(data | {"DATABASE_URL_FILE": str(file)})
    assert (read.environment, read.port, read.retry_attempts, read.retry_delay) == ("staging", 8080, 3, 2)
    deployment = staging["Deployment", "payments"]["spec"]["template"]["spec"]
    pre_stop = deployment["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert deployment["terminationGracePeriodSeconds"] >= pre_stop + read.graceful_timeout + 5


def test_rules_are_the_same_wherever_they_stand(staging: Objects) -> None:
    rules = (ROOT / "monitoring/rules.yaml").read_text()
    assert staging["PrometheusRule", "payments"]["spec"] == yaml.safe_load(rules)
    assert (ROOT / "deploy/chart/rules.yaml").read_text() == rules


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "monitoring/rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_leads_to_its_section_of_the_runbook(alert: dict[str, Any]) -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    assert page.endswith("/docs/runbook.md")
    assert anchor in anchors


def test_rules_and_dashboard_ask_for_series_that_exist(app: Flask) -> None:
    client = app.test_client()
    client.get("/payment/none")
    client.post("/payment", json={"order_id": "A", "amount": 1, "currency": "EUR"}, headers={"Idempotency-Key": "k"})
    exposed = set(re.findall(r"^(payments_\w+)", client.get("/metrics").get_data(as_text=True), re.MULTILINE))
    recorded = {
        rule["record"]
        for group in yaml.safe_load((ROOT / "monitoring/rules.yaml").read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    texts = [(ROOT / "monitoring" / name).read_text() for name in ("rules.yaml", "dashboard.json", "slo.yaml")]
    asked = {name for text in texts for name in re.findall(r"\bpayments_[a-z_]+(?=\{)|\bpayments:[a-z_:0-9]+", text)}
    assert asked, "no series found in the rules"
    assert asked - exposed - recorded == set()
    json.loads(texts[1])


def test_one_version_everywhere(staging: Objects) -> None:
    image = staging["Deployment", "payments"]["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.partition("@")[0] == f"registry.example.com/shop/payments:{__version__}"
    assert staging["Job", f"payments-migrate-{__version__.replace('.', '-')}"]
    chart = yaml.safe_load((ROOT / "deploy/chart/Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    assert yaml.safe_load((ROOT / "openapi.yaml").read_text())["info"]["version"] == __version__
    assert f"ARG VERSION={__version__}" in (ROOT / "Dockerfile").read_text()
    assert f"payments:{__version__}" in (ROOT / "compose.yaml").read_text()
    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == __version__  # type: ignore[index]


def test_every_variable_is_documented_and_none_is_invented() -> None:
    read = set(re.findall(r'"((?:PAYMENTS?_|DATABASE_)[A-Z_]+|PORT)"', Path(settings.__file__).read_text()))
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    example = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert table == read
    assert example == read


def test_the_contract_has_the_routes_of_the_service(app: Flask) -> None:
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text())["paths"]
    documented = {(path, method.upper()) for path, item in contract.items() for method in item}
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert documented == served
