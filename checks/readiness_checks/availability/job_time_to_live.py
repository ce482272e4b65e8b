from readiness import Findings, Severity, check
from readiness.facts.batch import BatchJobs


@check(Severity.LOW)
def job_time_to_live(jobs: BatchJobs) -> Findings:
    """Every finished Job is removed by exactly one hand.

    Why: a Job of its own stays with its pods until somebody deletes it; one of a CronJob is removed by the CronJob's
    history limits, and a time to live takes away the logs that those limits keep.
    Fix: set `ttlSecondsAfterFinished` on a Job of its own; leave it out of a CronJob's template.
    Peers: kube-linter job-ttl-seconds-after-finished.
    Source: Kubernetes, "Automatic Cleanup for Finished Jobs":
    https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
    """
    for job in jobs:
        if job.hook:
            continue
        seconds = job.spec.integer("ttlSecondsAfterFinished")
        said = "stays when it has finished" if seconds is None else f"is removed {seconds} s after it has finished"
        wanted = "wants its CronJob's history limits alone to decide" if job.scheduled else "wants a time to live"
        yield job.at("ttlSecondsAfterFinished").expect((seconds is None) == job.scheduled, f"{said}, {wanted}")
