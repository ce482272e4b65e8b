from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation, Page
from readiness.facts.workloads import Workloads

_SECTIONS = {
    "how to run it": (
        "run",
        "start",
        "usage",
        "use ",
        "install",
        "quick",
        "develop",
        "build",
        "setup",
        "demo",
        "example",
    ),
    "how to deploy it": ("deploy", "release", "kubernetes", "helm", "operat", "rollout", "ship", "install"),
    "how to configure it": ("config", "setting", "environment", "variable", "parameter", "option", "values"),
}


@check(Severity.LOW)
def readme(documentation: Documentation, workloads: Workloads | None) -> Findings:
    """The README says how to run, deploy and configure the service.

    Why: whoever is called at night and does not know the service begins here.
    Fix: add a section for each, or a link to the page that has it. Where nothing is deployed, how to run it is enough.
    Peers: none.
    Source: Google, "Software Engineering at Google", chapter 10: https://abseil.io/resources/swe-book/html/ch10.html
    """
    if not documentation.repository.files:
        return
    found = documentation.named("readme", top=True)
    if not found:
        yield documentation.repository.at("README").expect(ok=False, message="there is no README, wants one at the top")
        return
    page = documentation.pages.get(found[0].path)
    wanted = list(_SECTIONS.items())[: 3 if workloads else 1]
    missing = [name for name, words in wanted if page is not None and not _says(page, words)]
    said = f"does not say {' nor '.join(missing)}" if missing else "says what is needed"
    yield found[0].at("sections", 1).expect(not missing, f"{said}, wants a section or a link", missing=missing)


def _says(page: Page, words: tuple[str, ...]) -> bool:
    linked = any(word.strip() in link.target.lower() for link in page.links for word in words)
    return linked or page.heading(*words) is not None
