"""Errors as customers see them: `application/problem+json` (RFC 9457), one shape for all of them."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from payments.charges import Invalid
from payments.database import DatabaseUnavailable
from payments.ledger import KeyReused, OrderAlreadyPaid
from payments.telemetry import Metrics

RETRY_AFTER_SECONDS = 5
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take this method; the Allow header lists those it takes.",
    413: "The body is larger than a payment can be.",
    415: "Send the body as application/json.",
}


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> Response:
    """The answer for one error. `code` is stable, for programs; `title` and `detail` are for people."""
    body = {"type": f"urn:payments:problem:{code}", "title": title, "status": status, "detail": detail}
    body |= {"instance": request.path, "request_id": g.get("request_id", "")} | more
    return Response(json.dumps(body), status, content_type="application/problem+json")


def install(app: Flask, metrics: Metrics) -> None:
    """Registers the answers for every error that a route may raise."""

    @app.errorhandler(Invalid)
    def invalid(error: Invalid) -> Response:
        errors = [{"field": field, "problem": text} for field, text in error.errors.items()]
        return problem(
            400, "invalid", "The request is not valid", "Mend the listed fields and send it again.", errors=errors
        )

    @app.errorhandler(KeyReused)
    def key_reused(_error: KeyReused) -> Response:
        detail = "This Idempotency-Key was used for a different request. Send a new key for a new payment."
        return problem(422, "idempotency-key-reused", "The key belongs to another request", detail)

    @app.errorhandler(OrderAlreadyPaid)
    def already_paid(_error: OrderAlreadyPaid) -> Response:
        detail = "This order was paid under another Idempotency-Key. Nothing was charged now."
        return problem(409, "order-already-paid", "The order is paid", detail)

    @app.errorhandler(DatabaseUnavailable)
    def unavailable(error: DatabaseUnavailable) -> Response:
        metrics.unavailable.inc()
        detail = f"No answer in time: {error}. Repeat the request with the same Idempotency-Key."
        answer = problem(503, "database-unavailable", "The service cannot reach its database", detail)
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        if status >= 500:
            detail = "This is our fault. The request_id finds it in our logs."
            return problem(status, "internal", "The service failed", detail)
        answer = problem(status, error.name.lower().replace(" ", "-"), error.name, _DETAILS.get(status, error.name))
        for name, value in error.get_headers():
            if name == "Allow":
                answer.headers[name] = value
        return answer
