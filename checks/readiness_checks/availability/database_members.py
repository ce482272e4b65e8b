from typing import Annotated

from readiness import Findings, PerEnvironment, Severity, Stricter, check
from readiness.facts.databases import Databases


@check(Severity.HIGH)
def database_members(
    databases: Databases,
    *,
    minimum: Annotated[
        int, "members of each database", Stricter.HIGHER, PerEnvironment(production=2, staging=2, development=1)
    ] = 2,
) -> Findings:
    """Every database that an operator runs has a member to spare.

    Why: with one member, the loss or the drain of its node is an outage of the database, and of all who use it.
    Fix: raise the number of instances to two or more (three where the members vote).
    Peers: none.
    Source: CloudNativePG, "Replication": https://cloudnative-pg.io/documentation/current/replication/
    """
    for database in databases:
        yield database.at_members.expect(
            database.members >= minimum, f"has {database.members} members, wants {minimum}", members=database.members
        )
