"""What operators see: Prometheus series, and log lines that are JSON objects."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from payments.settings import Settings

# Half a second is the objective; finer steps below it show a drift before it hurts.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Metrics:
    """The series of one process. Gunicorn runs one worker process, so nothing has to be summed over processes."""

    def __init__(self, settings: Settings) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "payments_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.duration = Histogram(
            "payments_http_request_duration_seconds",
            "Time from request to answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "payments_http_requests_in_progress", "Requests being worked on.", registry=self.registry
        )
        self.retries = Counter("payments_database_retries", "Attempts after a lost connection.", registry=self.registry)
        self.unavailable = Counter(
            "payments_database_unavailable", "Requests given up because of the database.", registry=self.registry
        )
        self.recorded = Counter("payments_recorded", "New payments, by currency.", ["currency"], registry=self.registry)
        threads = Gauge("payments_threads", "Threads that work on requests.", registry=self.registry)
        threads.set(settings.threads)
        build = Gauge("payments_build_info", "Always 1.", ["version", "release", "colour"], registry=self.registry)
        build.labels(settings.version, settings.release, settings.colour).set(1)


class JsonLines(logging.Formatter):
    """One JSON object per record: ts, level, logger, msg, and whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "msg": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def log_to_stdout(level: str) -> None:
    """Sends all log records of the process to standard output, as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
