from readiness import Findings, Severity, check
from readiness.facts.dashboards import DashboardFiles
from readiness.facts.ports import PromQL


@check(Severity.LOW)
def dashboard_queries(files: DashboardFiles, promql: PromQL) -> Findings:
    """Every query of a dashboard can be read by Prometheus.

    Why: a panel that shows an error is noticed when somebody needs it.
    Fix: correct the expression named in the finding.
    Peers: none.
    Source: Prometheus, "Querying basics": https://prometheus.io/docs/prometheus/latest/querying/basics/
    """
    for query in files.queries():
        answers = [promql.read(reading) for reading in query.readings()]
        faults = [answer for answer in answers if isinstance(answer, str)]
        ok = len(faults) < len(answers)
        yield query.node.expect(ok, f"panel {query.panel}: {'can be read' if ok else faults[0]}")
