from readiness import Findings, Severity, check
from readiness.facts.charts import Chart, Charts, is_semantic_version
from readiness.facts.objects import Node


@check(Severity.MEDIUM)
def chart_dependencies(charts: Charts) -> Findings:
    """Every dependency of a chart is locked to one version.

    Why: with a range and no lock, two renders of one commit may hold two different databases.
    Fix: run `helm dependency update`, and commit Chart.lock beside Chart.yaml.
    Peers: none.
    Source: Helm, `helm dependency`: https://helm.sh/docs/helm/helm_dependency/
    """
    for chart in charts:
        locked = _locked(chart)
        for dependency in chart.node.each("dependencies"):
            name, wanted = dependency.text("name") or "", dependency.text("version") or ""
            if (dependency.text("repository") or "file://").startswith("file://"):
                continue
            yield dependency.expect(*_judge(name, wanted, locked, chart.lock))


def _locked(chart: Chart) -> dict[str, str]:
    if chart.lock is None:
        return {}
    return {d.text("name") or "": d.text("version") or "" for d in chart.lock.each("dependencies")}


def _judge(name: str, wanted: str, locked: dict[str, str], lock: Node | None) -> tuple[bool, str]:
    exact = is_semantic_version(wanted)
    if lock is None:
        return False, f"{name} {wanted or 'without a version'} is not locked, wants a Chart.lock"
    if name not in locked:
        return False, f"{name} is not in Chart.lock, wants `helm dependency update`"
    if exact and locked[name].removeprefix("v") != wanted.removeprefix("v"):
        return False, f"{name} is locked to {locked[name]}, wants {wanted}"
    return True, f"{name} is locked to {locked[name]}"
