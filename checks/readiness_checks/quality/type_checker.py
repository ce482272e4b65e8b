from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.tooling import TYPE_CHECKERS, Tooling


@check(Severity.LOW)
def type_checker(
    tooling: Tooling,
    *,
    from_files: Annotated[int, "files of a language from which a tool is wanted", Stricter.LOWER] = 3,
) -> Findings:
    """Code in a dynamic language is looked at by a type checker.

    Why: a misspelt attribute in the error path is found by the type checker, or by the outage.
    Fix: add a type checker with its settings, and run it in the pipeline.
    Peers: none.
    Source: Google, "Software Engineering at Google", chapter 20: https://abseil.io/resources/swe-book/html/ch20.html
    """
    for wanted in tooling.wanted(TYPE_CHECKERS, from_files):
        yield wanted.place.expect(wanted.there, wanted.said)
