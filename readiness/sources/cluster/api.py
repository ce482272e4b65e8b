"""What is asked of the API server: documents, and lists page by page. Answers are decoded raw, no model in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from readiness.http import Answer, NoAnswer, Reader, TooLarge
from readiness.sources.manifests.reader import without_collection
from readiness.sources.programs import words

T = TypeVar("T")
_PAGES = (500, 50, 5)  # objects in one page; fewer where an answer is too large
_LIST = "application/json"
# A table without objects: names and types of Secrets, and nothing of what they hold. Metadata alone would bring the
# annotation in which `kubectl apply` keeps the whole object.
_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
_EXPIRED = 410


class Unanswered(Exception):
    """The server did not answer a question. `status` is that of HTTP, 0 where there was no answer at all."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.status = status

    @property
    def forbidden(self) -> bool:
        return self.status == 403


class Named(NamedTuple):
    """A Secret as far as it is read."""

    name: str
    type: str


class Api:
    """The API server behind a reader. All questions together take at most `seconds`."""

    def __init__(self, reader: Reader, seconds: float = 180.0) -> None:
        self._reader, self._seconds = reader, seconds
        self._deadline = time.monotonic() + seconds

    def discovery(self, path: str, accept: str) -> tuple[Mapping[str, Any], str]:
        """A document with its type. Raises Unanswered."""
        answer = self._ask(path, {}, accept)
        return _mapping(answer), answer.headers.get("content-type", "")

    def get(self, path: str) -> Mapping[str, Any]:
        """One object. Raises Unanswered."""
        return _mapping(self._ask(path, {}, _LIST))

    def objects(self, path: str, take: Callable[[dict[str, Any]], T]) -> list[T]:
        """All objects of a resource, each as `take` leaves it when its page arrives. Raises Unanswered."""
        return self._collect(path, _LIST, {}, lambda page: [take(item) for item in _items(page)])

    def secrets(self, path: str) -> list[Named]:
        """Names and types of Secrets: what they hold never leaves the server. Raises Unanswered."""
        return self._collect(path, _TABLE, {"includeObject": "None"}, _names)

    def _collect(
        self, path: str, accept: str, parameters: dict[str, Any], take: Callable[[Mapping[str, Any]], list[T]]
    ) -> list[T]:
        """What `take` finds on all pages. A list that expired on the way begins anew, in one piece."""
        for size in _PAGES:
            try:
                return [one for page in self._pages(path, accept, {**parameters, "limit": size}) for one in take(page)]
            except TooLarge:
                continue
            except Unanswered as refusal:
                if refusal.status != _EXPIRED:
                    raise
                return [one for page in self._pages(path, accept, {**parameters, "limit": 0}) for one in take(page)]
        raise Unanswered("its objects are larger than one answer may be")

    def _pages(self, path: str, accept: str, parameters: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        token = ""
        while True:
            page = _mapping(self._asked(path, {**parameters, **({"continue": token} if token else {})}, accept))
            yield page
            metadata = page.get("metadata")
            token = str((metadata.get("continue") if isinstance(metadata, dict) else "") or "")
            if not token:
                return

    def _ask(self, path: str, parameters: dict[str, Any], accept: str) -> Answer:
        try:
            return self._asked(path, parameters, accept)
        except TooLarge as fault:
            raise Unanswered(str(fault)) from None

    def _asked(self, path: str, parameters: dict[str, Any], accept: str) -> Answer:
        """An answer of status 200. Raises Unanswered, TooLarge."""
        if time.monotonic() > self._deadline:
            raise Unanswered(f"the cluster took longer than {self._seconds:g} s for all that was asked")
        try:
            answer = self._reader.get(path, parameters, accept=accept)
        except TooLarge:
            raise
        except NoAnswer as fault:
            raise Unanswered(str(fault)) from None
        if answer.status != 200:
            raise Unanswered(_refusal(answer), answer.status)
        return answer


def _items(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of a page; a list of nothing may be null. Raises Unanswered for what is no list of objects."""
    found = page.get("items")
    found = [] if found is None and "items" in page else found
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Unanswered("the answer is no list of objects")
    return found


def _names(page: Mapping[str, Any]) -> list[Named]:
    """The rows of a table. Raises Unanswered where the server sends something else: nothing of that is looked at."""
    if page.get("kind") != "Table":
        raise Unanswered("the server does not list Secrets without what they hold, so they were not listed")
    try:
        columns = [str(column["name"]).lower() for column in page["columnDefinitions"]]
        rows = [dict(zip(columns, row["cells"], strict=False)) for row in page["rows"] or ()]
        return [Named(str(row["name"]), str(row["type"])) for row in rows]
    except (LookupError, TypeError):
        raise Unanswered("the table of Secrets has no names and types") from None


def _mapping(answer: Answer) -> Mapping[str, Any]:
    """The document of an answer. Raises Unanswered for what is no JSON object."""
    try:
        with without_collection():
            value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Unanswered("the answer is no JSON object: is this the address of a Kubernetes API server?")
    return value


def _refusal(answer: Answer) -> str:
    """What the server says of a refusal, in its own words where it had some."""
    try:
        said = json.loads(answer.body).get("message")
    except (ValueError, AttributeError, RecursionError):
        said = None
    if not isinstance(said, str) or not said:
        return f"the server answered {answer.status}"
    return f"the server answered {answer.status}: {words(said.encode('utf-8', 'replace'), 300)}"
