from readiness import Findings, Severity, check
from readiness.facts.storage import Backups, Claims


@check(Severity.HIGH)
def backup_coverage(claims: Claims, backups: Backups) -> Findings:
    """Every claim is selected by a recurring backup.

    Why: a volume survives the loss of its pod, not a mistaken delete, a corrupt write or the loss of its zone. Medium
    where no backup at all was read: then it may be kept elsewhere.
    Fix: add the claim's namespace and labels to a Velero or k8up Schedule, a SnapshotSchedule or a ReplicationSource;
    where something outside takes the backup, name it in a waiver.
    Peers: none.
    Source: Velero, "Schedule API type": https://velero.io/docs/main/api-types/schedule/
    """
    for claim in claims:
        if claims.maker(claim.namespace, claim.name) is not None:
            # In a live cluster, the template that made it speaks for it.
            continue
        names = sorted(resource.subject for resource in backups.covering(claim))
        said = f"is in {', '.join(names)}" if names else "is in no recurring backup"
        yield claim.at().expect(
            bool(names),
            f"{claim.title} {said}, wants one that selects it",
            severity=None if backups.any else Severity.MEDIUM,
            absence=tuple(sorted(Backups.kinds)),
        )
