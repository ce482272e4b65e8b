"""Values in a workflow that a stranger can choose: titles, branch names, comments, messages of commits."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.facts.expressions import Reference
from readiness.facts.objects import Node
from readiness.facts.workflows import references

# Below `github.event`: what whoever opens an issue, a pull request or a comment writes. `*` stands for any item.
_CHOSEN = (
    "issue.title", "issue.body", "pull_request.title", "pull_request.body", "pull_request.head.ref",
    "pull_request.head.label", "pull_request.head.repo.default_branch", "pull_request.head.repo.description",
    "pull_request.head.repo.homepage", "comment.body", "review.body", "review_comment.body", "discussion.title",
    "discussion.body", "pages.*.page_name", "commits.*.message", "commits.*.author.email", "commits.*.author.name",
    "head_commit.message", "head_commit.author.email", "head_commit.author.name", "head_commit.committer.email",
    "workflow_run.head_branch", "workflow_run.head_commit.message", "workflow_run.head_commit.author.email",
    "workflow_run.head_commit.author.name", "workflow_run.head_repository.description", "workflow_run.display_title",
    "workflow_run.pull_requests.*.head.ref",
)  # fmt: skip
_ROUTES: tuple[Reference, ...] = (("github", "head_ref"), *(("github", "event", *c.split(".")) for c in _CHOSEN))


def is_chosen(reference: Reference) -> bool:
    """Whether a stranger chooses the value, or a part of it: `github.event.issue` has the title in it."""
    if reference == ("github",):
        return True
    return any(_covers(reference, route) for route in _ROUTES) and len(reference) > 1


def untrusted(script: Node, environments: Sequence[Node]) -> tuple[str, ...]:
    """What strangers choose in the text of `script`, sorted.

    `${{ env.TITLE }}` is pasted into the script as well: it is followed to where `environments` (outermost first) set
    it.
    """
    found = set()
    for _, reference in references(script):
        if is_chosen(reference):
            found.add(".".join(reference))
        elif reference[0] == "env" and len(reference) == 2:
            found.update(f"{'.'.join(reference)} ({'.'.join(r)})" for r in _set_by(reference[1], environments))
    return tuple(sorted(found))


def _set_by(name: str, environments: Sequence[Node]) -> set[Reference]:
    for environment in reversed(environments):
        for key, node in environment.entries():
            if key.lower() == name:
                return {r for _, r in references(node) if is_chosen(r)}
    return set()


def _covers(reference: Reference, route: Reference) -> bool:
    """Whether `reference` names the route, or something above it; an item by any number is that item."""
    if len(reference) > len(route):
        return False
    return all(mine == theirs or "*" in (mine, theirs) for mine, theirs in zip(reference, route, strict=False))
