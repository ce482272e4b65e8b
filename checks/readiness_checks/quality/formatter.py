from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.tooling import FORMATTERS, Tooling


@check(Severity.LOW)
def formatter(
    tooling: Tooling,
    *,
    from_files: Annotated[int, "files of a language from which a tool is wanted", Stricter.LOWER] = 3,
) -> Findings:
    """Code is laid out by a formatter.

    Why: layout by hand costs reviews their attention and makes every merge harder.
    Fix: add the language's usual formatter and run it as a hook and in the pipeline.
    Peers: none.
    Source: Google, "Software Engineering at Google", chapter 20: https://abseil.io/resources/swe-book/html/ch20.html
    """
    for wanted in tooling.wanted(FORMATTERS, from_files):
        yield wanted.place.expect(wanted.there, wanted.said)
