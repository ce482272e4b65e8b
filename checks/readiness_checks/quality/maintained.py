from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.repository import Repository
from readiness.facts.settings import Now


@check(Severity.LOW)
def maintained(
    repository: Repository,
    now: Now,
    *,
    days: Annotated[int, "days since the last commit, at most", Stricter.LOWER] = 90,
) -> Findings:
    """Somebody has worked on the repository lately.

    Why: a service that nobody touches is a service that nobody can mend at once: builds rot, and knowledge leaves.
    Fix: renew its packages, run its pipeline and release it, at least once in the time that the setting says.
    Peers: OpenSSF Scorecard Maintained.
    Source: OpenSSF Scorecard, "Maintained": https://github.com/ossf/scorecard/blob/main/docs/checks.md#maintained
    """
    if repository.history:
        age = (now.time - max(commit.when for commit in repository.history)).days
        yield repository.at("history").expect(
            age <= days, f"the last commit is {age} days old, wants at most {days}", age=age
        )
