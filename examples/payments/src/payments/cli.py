"""The `payments` command: serve, migrate, probe.

Exit codes: 0 done, 1 the database or the probed process says no, 2 a wrong setting or argument.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

from payments import __version__
from payments.settings import Settings, SettingsError

log = logging.getLogger("payments")

PROBE_TIMEOUT_SECONDS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; `serve` becomes Gunicorn and does not return."""
    parser = argparse.ArgumentParser(prog="payments", description="The payments service of the shop.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer requests until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the revision that this version needs")
    commands.add_parser("probe", help="ask the process on this machine for /health")
    command = parser.parse_args(arguments).command
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(f"payments: {error}", file=sys.stderr)
        return 2
    return {"serve": _serve, "migrate": _migrate, "probe": _probe}[command](settings)


def _serve(_settings: Settings) -> int:
    # exec: Gunicorn takes this process's place, and with it the SIGTERM of whoever stops the container.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", "python:payments.server"])  # noqa: S606


def _migrate(settings: Settings) -> int:
    from payments.database import Database, DatabaseUnavailable, open_engine
    from payments.migrate import upgrade
    from payments.telemetry import log_to_stdout

    log_to_stdout(settings.log_level)
    engine = open_engine(settings)
    try:
        revision = Database(engine, settings).attempt(lambda: upgrade(engine, settings))
    except DatabaseUnavailable as error:
        log.error("not migrated", extra={"cause": str(error)})
        return 1
    finally:
        engine.dispose()
    log.info("migrated", extra={"revision": revision.current, "required": revision.required})
    return 0 if revision.sufficient else 1


def _probe(settings: Settings) -> int:
    url = f"http://127.0.0.1:{settings.port}/health"
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(f"payments: {url}: {error}", file=sys.stderr)
        return 1
