"""Where an alert's runbook leads: to a file and a heading of the repository, or elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from readiness.facts.documentation import Page
from readiness.facts.repository import File, FileKind, Repository

# What stands between a repository and a path in the addresses of GitHub, GitLab, Bitbucket, Gitea and Azure.
_FORGE = re.compile(r"(.*?)/(?:-/)?(?:blob|tree|raw|src/branch|src/tag|src/commit|src)/([^/]+)/(.+)\Z")


@dataclass(frozen=True, slots=True)
class Target:
    """What an address means. `repository` is what stands before the path; `page` is None where there is none here."""

    repository: str
    path: str
    anchor: str
    page: Page | None

    @property
    def file(self) -> File | None:
        return self.page.file if self.page else None

    @property
    def blank(self) -> bool:
        """Whether the file is there and says nothing."""
        return self.file is not None and not self.file.text.strip()

    @property
    def anchored(self) -> bool:
        """Whether the file has the heading that the address ends in; true where it ends in none."""
        if self.page is None or not self.anchor or not self.page.file.name.lower().endswith((".md", ".markdown")):
            return self.page is not None
        known = {anchor.replace("_", "") for anchor in self.page.anchors}
        return self.anchor.lower().replace("_", "") in known


class Runbooks:
    """The documents of the repository, to be found by the addresses in alerts."""

    kinds = frozenset({FileKind.OTHER.value})

    def __init__(self, repository: Repository) -> None:
        self._files = repository.files
        self._pages: dict[str, Page] = {}  # read once, however many alerts lead to it

    def target(self, address: str) -> Target | None:
        """What `address` means, or None where it is no path and no address of a file on a forge."""
        try:
            parts = urlsplit(address.strip()[:2000])
        except ValueError:
            return None
        anchor = unquote(parts.fragment)
        if not parts.scheme and not parts.netloc:
            path = unquote(parts.path).removeprefix("./").lstrip("/")
            return Target("", path, anchor, self._page(path)) if path else None
        match = _FORGE.match(unquote(parts.path))
        if not match or parts.scheme not in {"http", "https"}:
            return None
        repository = f"{parts.netloc}{match[1]}"
        return Target(repository, match[3], anchor, self._found(match[3]))

    def _page(self, path: str) -> Page | None:
        if path in self._files:
            return self._pages.setdefault(path, Page(self._files[path]))
        return None

    def _found(self, path: str) -> Page | None:
        """The page of that path. Where only a folder of the forge's repository is checked, the end of the path counts,
        with a folder in it: a README.md is everywhere."""
        found = self._page(path)
        while found is None and "/" in (path := path.partition("/")[2]):
            found = self._page(path)
        return found
