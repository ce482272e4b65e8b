"""Image references, by the grammar of the distribution project (`reference` package)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

MOVING_TAGS = ("latest", "edge", "nightly", "master", "main", "dev", "rolling")
"""Tags that those who publish images move at will."""

_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_PART}(?:\.{_PART})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}\Z")
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*\Z")
_HOST = re.compile(_DOMAIN + r"\Z")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image by its parts. `registry` is the host, `docker.io` where none is written; tag and digest may be empty."""

    text: str
    registry: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> ImageReference | None:
        """The parts of `text`, or None where no registry would accept it. A port of the host is no tag."""
        return _parse(text)

    def fixed(self, moving: Collection[str]) -> bool:
        """Whether it means the same image tomorrow: it has a digest, or a tag that is none of the `moving` ones."""
        return bool(self.digest) or (bool(self.tag) and self.tag.lower() not in moving)


@lru_cache(maxsize=10_000)
def _parse(text: str) -> ImageReference | None:
    rest, at, digest = text.partition("@")
    if (at and not _is_digest(digest)) or len(text) > 4096:
        return None
    head, slash, tail = rest.rpartition("/")
    name, colon, tag = tail.partition(":")
    if colon and not _TAG.match(tag):
        return None
    path = f"{head}{slash}{name}"
    host, slash, repository = path.partition("/")
    if not slash or not (set(host) & set(".:") or host == "localhost" or host.lower() != host):
        host, repository = "docker.io", path
    if not _HOST.match(host) or not _REPOSITORY.match(repository) or len(repository) > 255:
        return None
    if host in {"docker.io", "index.docker.io"}:
        host = "docker.io"
        repository = repository if "/" in repository else f"library/{repository}"
    return ImageReference(text, host, repository, tag, digest)


def _is_digest(text: str) -> bool:
    """Whether it is a digest; the usual algorithms have one length each."""
    algorithm, _, value = text.partition(":")
    return bool(_DIGEST.match(text)) and len(value) == {"sha256": 64, "sha512": 128}.get(algorithm, len(value))
