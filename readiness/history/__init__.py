"""What happened: runs and their events, kept in one file on this machine, which may be lost without harm."""

from readiness.history.chain import verify
from readiness.history.journal import Journal
from readiness.history.reading import Happened, Run, events, runs
from readiness.history.store import Unusable

__all__ = ["Happened", "Journal", "Run", "Unusable", "events", "runs", "verify"]
