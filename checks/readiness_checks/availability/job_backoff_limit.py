from readiness import Findings, Rendered, Severity, check
from readiness.facts.batch import BatchJobs


@check(Severity.LOW)
def job_backoff_limit(jobs: Rendered[BatchJobs]) -> Findings:
    """Every Job says how often it is tried.

    Why: unset means six retries with growing pauses: right for a download, wrong for a migration or a payment run.
    Fix: set `backoffLimit` to the number of retries that this work stands.
    Peers: none.
    Source: Kubernetes, "Jobs", pod backoff failure policy:
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
    """
    for job in jobs:
        # A live Job always has a limit: the API server fills it in.
        limit = job.spec.integer("backoffLimit")
        said = "leaves its retries to the default of 6" if limit is None else f"is retried {limit} times"
        yield job.at("backoffLimit").expect(limit is not None, f"{said}, wants backoffLimit")
