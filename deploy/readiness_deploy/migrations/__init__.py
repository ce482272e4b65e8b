"""Migrations of a schema: read, judged, planned, applied once.

`read` a release's folder, `plan` against the rows of the ledger, and hand the schema that `open_schema` makes to the
rollout. `contract` is the other run, after which no older release may come back.
"""

from readiness_deploy.migrations.contracting import Ledgered, contract, domains, refusals
from readiness_deploy.migrations.lint import linted
from readiness_deploy.migrations.model import BadMigrations, Dialect, Kind, Migration, Plan, Row, Statement, described
from readiness_deploy.migrations.opening import dialect_of, open_schema
from readiness_deploy.migrations.planning import differences, pending, plan, view
from readiness_deploy.migrations.reading import ids, read

__all__ = [
    "BadMigrations", "Dialect", "Kind", "Ledgered", "Migration", "Plan", "Row", "Statement", "contract",
    "described", "dialect_of", "differences", "domains", "ids", "linted", "open_schema", "pending", "plan", "read",
    "refusals", "view",
]  # fmt: skip
