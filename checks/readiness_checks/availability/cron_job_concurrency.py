from readiness import Findings, Severity, check
from readiness.facts.batch import BatchJobs


@check(Severity.MEDIUM)
def cron_job_concurrency(jobs: BatchJobs) -> Findings:
    """No CronJob starts a run beside one that has not ended.

    Why: the default is Allow: when a run takes longer than its interval, runs pile up, work on the same data and take
    the cluster's room until somebody notices.
    Fix: set `concurrencyPolicy: Forbid` or `Replace`; where runs may overlap, say why in a waiver.
    Peers: none.
    Source: Kubernetes, "CronJob", concurrency policy:
    https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy
    """
    for job in jobs.scheduled():
        policy = job.workload.resource.node.text("spec", "concurrencyPolicy")
        said = policy or "Allow (unset)"
        yield job.workload.at("spec", "concurrencyPolicy").expect(
            policy in {"Forbid", "Replace"}, f"has concurrencyPolicy {said}, wants Forbid or Replace"
        )
