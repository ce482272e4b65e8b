from readiness import Findings, Severity, check
from readiness.facts.databases import Databases


@check(Severity.HIGH)
def database_backup(databases: Databases) -> Findings:
    """Every database that an operator runs is backed up at set times, to a place of its own.

    Why: replicas copy a mistaken delete within a second; only a backup goes back before it.
    Fix: set the operator's backup store and a schedule; for CloudNativePG a `backup` (or the archiver plugin) and a
    ScheduledBackup that names the cluster.
    Peers: none.
    Source: CloudNativePG, "Backup": https://cloudnative-pg.io/documentation/current/backup/
    """
    for database in databases:
        if database.stored is False:
            yield database.at_backup.expect(False, "names no backup, wants a store and a schedule")
        elif database.stored:
            said = f"is backed up by {database.scheduled}" if database.scheduled else "has a store and no schedule"
            yield database.at_backup.expect(
                bool(database.scheduled), f"{said}, wants a store and a schedule", absence=("ScheduledBackup",)
            )
