from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.code import Code


@check(Severity.MEDIUM)
def has_tests(
    code: Code,
    *,
    from_files: Annotated[int, "files of a language from which tests of it are wanted", Stricter.LOWER] = 3,
) -> Findings:
    """Code comes with tests.

    Why: without tests each change is an experiment on users, and nobody dares the urgent one.
    Fix: begin with a test of the path that earns the money, in the place where the language's tools look for tests.
    Peers: OpenSSF Scorecard CI-Tests (that they run).
    Source: Google SRE, "Testing for Reliability": https://sre.google/sre-book/testing-reliability/
    """
    tested = {language for language in code.languages if code.tested(language)}
    for language in code.languages:
        count = len(code.files[language])
        # JavaScript and TypeScript are tested by each other.
        has = language in tested or (language in _SCRIPTS and bool(tested & _SCRIPTS))
        if count >= from_files or has:
            said = "tests" if has else "no tests"
            yield code.repository.at(language).expect(
                has, f"{count} files of {language} and {said}, wants tests", files=count
            )


_SCRIPTS = frozenset({"JavaScript", "TypeScript"})
