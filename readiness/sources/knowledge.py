"""Facts that need no environment: Kubernetes' schemas and Prometheus' grammar. Libraries load when first used."""

from __future__ import annotations

from functools import cache
from typing import Any

from readiness.facts.ports import PromQL, Schemas
from readiness.facts.releases import Apis
from readiness.sources import promql, schemas


@cache
def knowledge() -> dict[type, Any]:
    """Root facts that every run has."""
    return {
        Schemas: Schemas(schemas.validate, schemas.versions()),
        Apis: Apis(schemas.served),
        PromQL: PromQL(promql.parse),
    }
