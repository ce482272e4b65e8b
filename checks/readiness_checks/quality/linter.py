from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.tooling import LINTERS, Tooling


@check(Severity.LOW)
def linter(
    tooling: Tooling,
    *,
    from_files: Annotated[int, "files of a language from which a tool is wanted", Stricter.LOWER] = 3,
) -> Findings:
    """Code is looked at by a linter.

    Why: a linter finds unused results, shadowed names and dead branches while the change is still open.
    Fix: add the language's usual linter with its settings file, and run it in the pipeline.
    Peers: none.
    Source: Google, "Software Engineering at Google", chapter 20: https://abseil.io/resources/swe-book/html/ch20.html
    """
    for wanted in tooling.wanted(LINTERS, from_files):
        yield wanted.place.expect(wanted.there, wanted.said)
