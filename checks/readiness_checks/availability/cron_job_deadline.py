from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.batch import BatchJobs


@check(Severity.MEDIUM)
def cron_job_deadline(
    jobs: BatchJobs,
    *,
    shortest: Annotated[int, "seconds that a late start has to be allowed", Stricter.HIGHER] = 10,
) -> Findings:
    """Every CronJob says how late it may still start.

    Why: without `startingDeadlineSeconds`, a hundred missed starts (an outage, a suspended job) stop the schedule for
    good; below ten seconds, starts are missed although nothing is wrong.
    Fix: set `startingDeadlineSeconds` to as long as a late run is still of use, at least ten seconds.
    Peers: kube-score cronjob-has-deadline.
    Source: Kubernetes, "CronJob", starting deadline:
    https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#starting-deadline
    """
    for job in jobs.scheduled():
        seconds = job.workload.resource.node.integer("spec", "startingDeadlineSeconds")
        said = "never gives up a late start" if seconds is None else f"gives up a start that is {seconds} s late"
        yield job.workload.at("spec", "startingDeadlineSeconds").expect(
            seconds is not None and seconds >= shortest, f"{said}, wants a deadline of {shortest} s or more"
        )
