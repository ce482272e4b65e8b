from readiness import Findings, Severity, check
from readiness.facts.debugging import Leftovers

_SEEN = frozenset({"Python", "JavaScript", "TypeScript", "Ruby", "PHP"})


@check(Severity.MEDIUM)
def debug_leftovers(leftovers: Leftovers) -> Findings:
    """No breakpoint and no dump was left in the code that ships.

    Why: a breakpoint stops the process that hits it until somebody attaches, and nobody does; a dump shows users the
    inside.
    Fix: remove the line.
    Peers: none.
    Source: Python, "breakpoint()": https://docs.python.org/3/library/functions.html#breakpoint
    """
    found = list(leftovers)
    for one in found:
        yield one.file.at(one.what, one.line).expect(ok=False, message=f"{one.what} was left there, wants it removed")
    if not found and not _SEEN.isdisjoint(leftovers.code.files):
        yield leftovers.code.repository.at("debugging").expect(ok=True, message="no breakpoints in the shipped code")
