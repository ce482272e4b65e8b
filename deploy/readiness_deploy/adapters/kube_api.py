"""The few words that a rollout exchanges with an API server: read one, list by label, create, patch, delete.

What is read may be asked again; what changes something is said once. No answer is Lost: it never means that there is
nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from readiness.http import Answer, Bounds, NoAnswer, Reader
from readiness.sources.programs import words
from readiness_deploy.ports import Lost

BOUNDS = Bounds(connect=3.0, seconds=10.0, size=16 << 20)
_JSON = "application/json"
_PATCH = "application/json-patch+json"
_PLURAL = {
    "Service": "/api/v1/namespaces/{}/services",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
}
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

Body = dict[str, Any]


class Declined(Exception):
    """The server answered, and said no. Nothing was changed. `status` is that of HTTP: 404 there is no such object,
    409 it is another one than was meant, 422 it is not as was presumed or not valid, 403 this user may not."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


def unheard(_when: str, _what: str) -> None:
    """For those who need not know what is written."""


class Api:
    """One namespace of one cluster. May be shared by threads. `wrote` is told of each request that changes something,
    before it is said and after it was answered."""

    def __init__(self, reader: Reader, namespace: str, wrote: Callable[[str, str], None] = unheard) -> None:
        self._reader, self._namespace, self._wrote = reader, namespace, wrote

    @property
    def namespace(self) -> str:
        return self._namespace

    def get(self, kind: str, name: str) -> Body | None:
        """The object, None where the server says that there is none. Raises Lost, Declined."""
        try:
            return _object(self._read(self._path(kind, name)))
        except Declined as fault:
            if fault.status == 404:
                return None
            raise

    def labelled(self, kind: str, labels: Mapping[str, str]) -> list[Body]:
        """All objects that have these labels. Raises Lost, Declined."""
        wanted = ",".join(f"{name}={value}" for name, value in labels.items())
        items = _object(self._read(self._path(kind), {"labelSelector": wanted})).get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Lost(f"the API server answered with no list of {kind}")
        return items

    def create(self, kind: str, body: Body) -> Body:
        """Raises Lost, Declined (409 where there is one of that name)."""
        return self._change("POST", kind, "", body, _JSON)

    def replace(self, kind: str, name: str, body: Body) -> Body:
        """The object in place of the one with the same resourceVersion. Raises Lost, Declined (409: another one)."""
        return self._change("PUT", kind, name, body, _JSON)

    def patch(self, kind: str, name: str, operations: Sequence[Body]) -> Body:
        """A JSON Patch: all of it or nothing. Raises Lost, Declined (422: a `test` failed)."""
        return self._change("PATCH", kind, name, list(operations), _PATCH)

    def delete(self, kind: str, body: Body) -> None:
        """This very object, as it was read; what belongs to it goes after it. Raises Lost, Declined (409: another)."""
        metadata = body["metadata"]
        same = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        self._change("DELETE", kind, metadata["name"], {**options, "preconditions": same}, _JSON)

    def _path(self, kind: str, name: str = "") -> str:
        if name and not _NAME.fullmatch(name):
            raise Declined(f"{name!r} is no name of a {kind}", 404)
        return _PLURAL[kind].format(self._namespace) + (f"/{name}" if name else "")

    def _read(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Answer:
        try:
            answer = self._reader.get(path, parameters, accept=_JSON)
        except NoAnswer as fault:
            raise Lost(f"the API server gave no answer: {fault}") from None
        return _fine(answer)

    def _change(self, method: str, kind: str, name: str, body: Any, content: str) -> Body:
        what = f"{method} {kind} {name}".strip()
        self._wrote("before", what)
        try:
            answer = self._reader.change(method, self._path(kind, name), json.dumps(body).encode(), content)
        except NoAnswer as fault:
            raise Lost(f"the API server gave no answer to {what}: {fault}") from None
        self._wrote("after", what)
        return _object(_fine(answer))


def _fine(answer: Answer) -> Answer:
    """An answer of 200, 201 or 202. What a server says that is in trouble (429, 5xx) says nothing of what is so."""
    if 200 <= answer.status <= 202:
        return answer
    said = f"the API server answered {answer.status}{_message(answer)}"
    if answer.status == 429 or answer.status >= 500:
        raise Lost(said)
    raise Declined(said, answer.status)


def _message(answer: Answer) -> str:
    try:
        said = json.loads(answer.body).get("message")
    except (ValueError, AttributeError, RecursionError):
        said = None
    return ": " + words(said.encode("utf-8", "replace"), 300) if isinstance(said, str) and said else ""


def _object(answer: Answer) -> Body:
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Lost("the answer is no JSON object: is this the address of a Kubernetes API server?")
    return value
