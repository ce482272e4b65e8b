"""The Flask application: routes, and what is said about every request."""

from __future__ import annotations

import logging
import os
import re
import time
import uuid

from flask import Flask, Response, g, jsonify, request, url_for
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from payments import problems
from payments.charges import Invalid, is_order_id, parse_charge, parse_key
from payments.database import Database, DatabaseUnavailable, open_engine
from payments.ledger import Ledger
from payments.migrate import required_revision, revision_of
from payments.settings import Settings
from payments.telemetry import Metrics

log = logging.getLogger("payments.request")

MAX_BODY_BYTES = 16 * 1024
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACE_PARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def create_app(settings: Settings | None = None) -> Flask:
    """The application for the given settings, or for the process environment. Opens no connection."""
    settings = settings or Settings.from_environment(os.environ)
    app = Flask("payments", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    metrics = Metrics(settings)
    database = Database(open_engine(settings), settings, on_retry=metrics.retries.inc)
    app.extensions["payments.database"] = database
    _observe(app, settings, metrics)
    _payment_routes(app, Ledger(database), metrics)
    _operator_routes(app, settings, database, metrics)
    problems.install(app, metrics)
    return app


def _payment_routes(app: Flask, ledger: Ledger, metrics: Metrics) -> None:
    @app.post("/payment")
    def pay() -> tuple[Response, int]:
        key = parse_key(request.headers.get("Idempotency-Key"))
        receipt = ledger.record(parse_charge(_json_body()), key)
        if not receipt.replayed:
            metrics.recorded.labels(receipt.body["currency"]).inc()
        answer = jsonify(receipt.body)
        answer.headers["Location"] = url_for("payment", order_id=receipt.body["order_id"])
        answer.headers["Idempotent-Replayed"] = "true" if receipt.replayed else "false"
        return answer, 201

    @app.get("/payment/<order_id>")
    def payment(order_id: str) -> Response:
        found = ledger.find(order_id) if is_order_id(order_id) else None
        if found is None:
            return problems.problem(404, "payment-not-found", "No such payment", "No payment of this order is known.")
        return jsonify(found)


def _json_body() -> object:
    """The decoded body; a wrong Content-Type is 415, text that is not JSON is Invalid."""
    try:
        return request.get_json()
    except UnsupportedMediaType:
        raise
    except BadRequest:
        raise Invalid({"body": "wanted valid JSON"}) from None


def _operator_routes(app: Flask, settings: Settings, database: Database, metrics: Metrics) -> None:
    identity = {"version": settings.version, "release": settings.release, "colour": settings.colour}
    required = required_revision()

    @app.get("/health")
    def health() -> Response:
        """Liveness: this process answers. Nothing else is asked, since a restart would mend nothing else."""
        return jsonify({"status": "ok"} | identity)

    @app.get("/ready")
    def ready() -> tuple[Response, int]:
        """Readiness: the database answers, and has the schema that this version needs (or a later one)."""
        checks: dict[str, dict[str, object]] = {}
        try:
            revision = database.read_once(lambda connection: revision_of(connection, required))
        except DatabaseUnavailable as error:
            checks["database"] = {"ok": False, "detail": str(error)}
            checks["migrations"] = {"ok": False, "detail": "not known", "required": required}
        else:
            checks["database"] = {"ok": True}
            checks["migrations"] = {"ok": revision.sufficient, "current": revision.current, "required": required}
        well = all(check["ok"] for check in checks.values())
        status = "ready" if well else "not ready"
        return jsonify({"status": status, "checks": checks} | identity), 200 if well else 503

    @app.get("/metrics")
    def series() -> Response:
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _observe(app: Flask, settings: Settings, metrics: Metrics) -> None:
    said = {
        "X-Payments-Version": settings.version,
        "X-Payments-Release": settings.release,
        "X-Payments-Colour": settings.colour,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    headers = {name: value for name, value in said.items() if value}

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        metrics.in_progress.inc()

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.update(headers)
        response.headers["X-Request-ID"] = g.request_id
        method = request.method if request.method in _METHODS else "OTHER"
        # The route, never the path: the number of series must not grow with the number of orders.
        route = "unmatched" if request.url_rule is None else request.url_rule.rule.replace("<", "{").replace(">", "}")
        seconds = time.perf_counter() - g.started
        metrics.requests.labels(method, route, str(response.status_code)).inc()
        metrics.duration.labels(method, route).observe(seconds)
        _log(method, route, response.status_code, seconds, settings)
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        metrics.in_progress.dec()


def _log(method: str, route: str, status: int, seconds: float, settings: Settings) -> None:
    probe = route in ("/health", "/ready", "/metrics") and status < 400
    trace = _TRACE_PARENT.fullmatch(request.headers.get("traceparent", ""))
    fields = {"request_id": g.request_id, "method": method, "route": route, "status": status}
    fields |= {"ms": round(seconds * 1000, 1), "version": settings.version, "release": settings.release}
    fields["colour"] = settings.colour
    if trace:
        fields["trace_id"] = trace[1]
    log.log(logging.DEBUG if probe else logging.INFO, "request", extra=fields)
