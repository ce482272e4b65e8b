from readiness import Findings, Severity, check
from readiness.facts.batch import BatchJobs


@check(Severity.MEDIUM)
def job_deadline(jobs: BatchJobs) -> Findings:
    """Every Job ends within a known time.

    Why: a run that hangs holds its room, its locks and, with Forbid, all later runs, until somebody looks.
    Fix: set `activeDeadlineSeconds` on the Job to the longest time that a good run may take.
    Peers: none.
    Source: Kubernetes, "Jobs", termination and cleanup:
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
    """
    for job in jobs:
        # The pod's own deadline ends each try; with one, the Job ends after backoffLimit tries.
        seconds = job.spec.integer("activeDeadlineSeconds") or job.workload.pod.integer("activeDeadlineSeconds")
        said = f"is ended after {seconds} s" if seconds else "may run for ever"
        yield job.at("activeDeadlineSeconds").expect(bool(seconds), f"{said}, wants activeDeadlineSeconds")
