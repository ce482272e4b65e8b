from readiness import Findings, Severity, check
from readiness.facts.batch import BatchJobs


@check(Severity.HIGH)
def job_restart_policy(jobs: BatchJobs) -> Findings:
    """Every Job says what happens when its container fails.

    Why: a pod's default is Always, which the API server refuses in a Job: the release stops there.
    Fix: set `restartPolicy: Never`, or `OnFailure` to restart within the same pod.
    Peers: kube-score cronjob-restartpolicy.
    Source: Kubernetes, "Jobs", pod template:
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-template
    """
    for job in jobs:
        policy = job.workload.pod.text("restartPolicy")
        yield job.workload.at_pod("restartPolicy").expect(
            policy in {"Never", "OnFailure"},
            f"has restartPolicy {policy or 'Always (unset)'}, wants Never or OnFailure",
        )
