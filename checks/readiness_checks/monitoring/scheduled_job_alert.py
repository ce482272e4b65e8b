from readiness import Findings, Rendered, Severity, check
from readiness.facts.monitoring import RULES_ABSENT, PrometheusRules, RuleFiles, alerts
from readiness.facts.ports import Expression, PromQL
from readiness.facts.workloads import Workloads

_METRICS = (
    "kube_cronjob_",
    "kube_job_failed",
    "kube_job_status_failed",
    "kube_job_status_succeeded",
    "kube_job_status_completion_time",
    "kube_job_complete",
)


@check(Severity.MEDIUM)
def scheduled_job_alert(
    workloads: Rendered[Workloads], objects: Rendered[PrometheusRules], files: RuleFiles | None, promql: PromQL
) -> Findings:
    """An alert notices when a scheduled job fails or does not run.

    Why: nobody waits for the answer of a CronJob; a backup that stopped weeks ago is noticed when it is needed.
    Fix: alert on `time() - kube_cronjob_status_last_successful_time` above twice the schedule, or on
        `kube_job_status_failed`.
    Peers: none.
    Source: kube-state-metrics, CronJob metrics:
        https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/cronjob-metrics.md
    """
    watching = ""
    for rule in alerts(objects, files):
        expression = promql.read(rule.expression)
        if isinstance(expression, Expression) and any(m.startswith(_METRICS) for m in expression.metrics):
            watching = rule.alert
    for workload in workloads:
        if workload.kind == "CronJob":
            yield workload.at().expect(
                bool(watching),
                f"is watched by {watching}" if watching else "no alert notices a failed or missed run, wants one",
                absence=() if watching else RULES_ABSENT,
            )
