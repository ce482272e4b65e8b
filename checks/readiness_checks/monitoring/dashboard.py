from readiness import Findings, Rendered, Severity, check
from readiness.facts.dashboards import DASHBOARD_KINDS, DashboardFiles, DashboardObjects
from readiness.facts.repository import FileKind
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads


@check(Severity.LOW)
def dashboard(
    workloads: Rendered[Workloads],
    objects: Rendered[DashboardObjects] | None,
    files: DashboardFiles | None,
    settings: ServiceSettings,
) -> Findings:
    """The service has a dashboard that is kept as code.

    Why: in an outage people look before they think; a dashboard clicked together by hand is gone, or shows the
        wrong thing.
    Fix: export the dashboard as JSON into the repository, or ship it as a ConfigMap or GrafanaDashboard.
    Peers: none; asked for by GitLab's and Mercari's readiness reviews.
    Source: Grafana, "Dashboard best practices":
        https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/best-practices/
    """
    if not any(True for _ in workloads.long_running()):
        return
    found = [*(objects.items if objects else ()), *(files.items if files else ())]
    for node in found:
        yield node.expect(True, "is a dashboard")
    if not found:
        yield settings.at("dashboard").expect(
            False, "has no dashboard as code, wants one", absence=(*DASHBOARD_KINDS, FileKind.MONITORING.value)
        )
