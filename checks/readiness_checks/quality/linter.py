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
    for language, tools in LINTERS.items():
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
