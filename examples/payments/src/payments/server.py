"""Gunicorn's configuration: one process, some threads, an orderly end.

On SIGTERM Gunicorn takes no new connection, lets requests in flight finish for `graceful_timeout` seconds,
closes kept-alive connections after their answer, and exits with 0. More load is carried by more replicas.
"""

import os
from typing import Any

from payments.settings import Settings

_settings = Settings.from_environment(os.environ)

wsgi_app = "payments.app:create_app()"
bind = f"{_settings.bind_host}:{_settings.port}"
workers = 1
worker_class = "gthread"
threads = _settings.threads
# The longest request: three attempts of two seconds each, two pauses of two seconds, and a reserve.
timeout = 60
graceful_timeout = _settings.graceful_timeout
keepalive = 75
backlog = 512
limit_request_line = 4094
# The heartbeat file must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True
accesslog = None
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "payments.telemetry.JsonLines"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"level": _settings.log_level, "handlers": ["stdout"]},
    "loggers": {
        "alembic": {"level": "WARNING"},
        "gunicorn.error": {"level": _settings.log_level, "propagate": True, "handlers": []},
        "gunicorn.access": {"level": "WARNING", "propagate": True, "handlers": []},
    },
}
