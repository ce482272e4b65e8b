from readiness import Findings, Severity, check
from readiness.facts.repository import File, Repository


@check(Severity.HIGH)
def merge_conflicts(repository: Repository) -> Findings:
    """No file holds the markers of an unfinished merge.

    Why: in code the markers are a syntax error, in configuration they are two answers at once.
    Fix: choose one side of each conflict, remove the markers, and look at how they came past the tests.
    Peers: pre-commit check-merge-conflict.
    Source: Git, "git merge", how conflicts are presented: https://git-scm.com/docs/git-merge#_how_conflicts_are_presented
    """
    bad = False
    for file in repository.files.values():
        # The text of both sides stands between three kinds of lines: one kind alone may underline a heading.
        if b"<<<<<<< " in file.load() and file.own:
            for line in _conflicts(file):
                bad = True
                yield file.at("conflict", line).expect(
                    ok=False, message="an unfinished merge begins, wants one side of it"
                )
    if not bad and repository.files:
        yield repository.at("merges").expect(ok=True, message="no unfinished merges")


def _conflicts(file: File) -> list[int]:
    found, begun, parted = [], 0, False
    for number, line in enumerate(file.lines, 1):
        if line.startswith("<<<<<<< "):
            begun, parted = number, False
        elif begun and line == "=======":
            parted = True
        elif parted and line.startswith(">>>>>>> "):
            found.append(begun)
            begun, parted = 0, False
    return found
