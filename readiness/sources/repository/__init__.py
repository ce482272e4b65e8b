"""The repository that a service lives in: its tracked files, what some of them say, and the history that git keeps."""

from readiness.sources.repository.structured import parse
from readiness.sources.repository.supply import read

__all__ = ["parse", "read"]
