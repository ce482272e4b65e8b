"""POST /payment and GET /payment/{order_id}: once is once, whatever the customer repeats."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ORDER = {"order_id": "A-1", "amount": 1250, "currency": "EUR"}


def pay(client: FlaskClient, body: Any = None, key: str | None = "key-1") -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/payment", json=ORDER if body is None else body, headers=headers)


def code(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    body = answer.get_json(force=True)
    assert body["status"] == answer.status_code
    return str(body["type"].rpartition(":")[2])


def test_a_payment_is_recorded_and_found(client: FlaskClient) -> None:
    answer = pay(client, ORDER | {"reference": "invoice 7"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/payment/A-1"
    body = answer.get_json()
    assert {name: body[name] for name in ORDER} == ORDER
    assert (body["reference"], body["status"]) == ("invoice 7", "accepted")
    assert client.get("/payment/A-1").get_json() == body


def test_the_same_key_and_body_give_the_same_answer(client: FlaskClient) -> None:
    first = pay(client)
    second = pay(client, dict(reversed(ORDER.items())))
    assert (second.status_code, second.get_json()) == (first.status_code, first.get_json())
    assert (first.headers["Idempotent-Replayed"], second.headers["Idempotent-Replayed"]) == ("false", "true")


@pytest.mark.parametrize("change", [{"order_id": "A-2"}, {"amount": 1251}, {"currency": "USD"}, {"reference": "x"}])
def test_the_same_key_for_another_body_is_refused(client: FlaskClient, change: dict[str, Any]) -> None:
    pay(client)
    answer = pay(client, ORDER | change)
    assert (answer.status_code, code(answer)) == (422, "idempotency-key-reused")
    assert client.get("/payment/A-1").get_json()["amount"] == ORDER["amount"]


def test_an_order_is_not_paid_twice_under_two_keys(client: FlaskClient) -> None:
    pay(client)
    answer = pay(client, key="key-2")
    assert (answer.status_code, code(answer)) == (409, "order-already-paid")
    # The refused key stands for nothing and may be used again.
    assert pay(client, ORDER | {"order_id": "A-2"}, key="key-2").status_code == 201


def test_eight_at_once_with_one_key_are_one_payment(app: Flask) -> None:
    gate, answers = threading.Barrier(8), []

    def customer() -> None:
        own = app.test_client()
        gate.wait()
        answers.append(pay(own))

    threads = [threading.Thread(target=customer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_json()["payment_id"] for answer in answers}) == 1
    assert [answer.headers["Idempotent-Replayed"] for answer in answers].count("false") == 1


WRONG = [
    ({"amount": 5, "currency": "EUR"}, "order_id"),
    (ORDER | {"order_id": "a b"}, "order_id"),
    (ORDER | {"order_id": "x" * 65}, "order_id"),
    (ORDER | {"amount": 0}, "amount"),
    (ORDER | {"amount": 12.5}, "amount"),
    (ORDER | {"amount": "12"}, "amount"),
    (ORDER | {"amount": True}, "amount"),
    (ORDER | {"amount": 10**20}, "amount"),
    (ORDER | {"currency": "eur"}, "currency"),
    (ORDER | {"reference": "a\nb"}, "reference"),
    (ORDER | {"card": "4111"}, "card"),
    ([], "body"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[f"{field}-{n}" for n, (_, field) in enumerate(WRONG)])
def test_a_wrong_body_names_the_field(client: FlaskClient, body: Any, field: str) -> None:
    answer = pay(client, body)
    assert (answer.status_code, code(answer)) == (400, "invalid")
    assert [error["field"] for error in answer.get_json(force=True)["errors"]] == [field]
    assert client.get("/payment/A-1").status_code == 404


@pytest.mark.parametrize("key", [None, "", "with space", "x" * 256])
def test_the_key_is_mandatory_and_bounded(client: FlaskClient, key: str | None) -> None:
    answer = pay(client, key=key)
    assert answer.status_code == 400
    assert answer.get_json(force=True)["errors"][0]["field"] == "Idempotency-Key"


def test_text_that_is_not_json(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "k"}
    broken = client.post("/payment", data="{", content_type="application/json", headers=headers)
    assert (broken.status_code, code(broken)) == (400, "invalid")
    form = client.post("/payment", data={"amount": 1}, headers=headers)
    assert (form.status_code, code(form)) == (415, "unsupported-media-type")
    large = client.post("/payment", data=b" " * 20_000, content_type="application/json", headers=headers)
    assert large.status_code == 413


@pytest.mark.parametrize("path", ["/payment/A-9", "/payment/%00", "/payment/" + "x" * 99, "/nowhere"])
def test_what_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    code(answer)


def test_every_answer_says_who_gave_it(client: FlaskClient) -> None:
    from payments import __version__

    for path in ("/health", "/payment/none", "/nowhere"):
        headers = client.get(path, headers={"X-Request-ID": "r.1"}).headers
        assert headers["X-Payments-Version"] == __version__
        assert (headers["X-Payments-Release"], headers["X-Payments-Colour"]) == ("r-17", "blue")
        assert headers["X-Request-ID"] == "r.1"
    assert client.get("/health", headers={"X-Request-ID": "bad id\t"}).headers["X-Request-ID"] != "bad id\t"
