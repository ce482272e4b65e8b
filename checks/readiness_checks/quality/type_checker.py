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
    for language, tools in TYPE_CHECKERS.items():
        count = len(tooling.code.files.get(language, ()))
        if count < from_files:
            continue
        found = tooling.found(tools)
        if found is not None:
            yield found[1].expect(ok=True, message=f"{language} is read by {found[0]}")
        else:
            names = ", ".join(tool.name for tool in tools)
            yield tooling.repository.at(language).expect(
                ok=False, message=f"{count} files of {language} and no sign of {names}, wants one of them"
            )
