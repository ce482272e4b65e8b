"""The schemas of Kubernetes' own kinds, packed by `tools/make_schemas.py`, and who judges by them."""

from readiness.sources.schemas.loading import served, versions
from readiness.sources.schemas.validation import validate

__all__ = ["served", "validate", "versions"]
