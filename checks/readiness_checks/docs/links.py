from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation, Link, Page


@check(Severity.LOW)
def links(documentation: Documentation) -> Findings:
    """Every link from a page to the repository's own files leads somewhere.

    Why: the link that is dead in the runbook is the one that is needed.
    Fix: correct the path or the heading's fragment. Addresses outside the repository are not asked.
    Peers: none.
    Source: GitHub, "Relative links": https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#relative-links
    """
    for page in documentation.pages.values():
        good = 0
        for link in page.links:
            said = _dead(documentation, page, link)
            if said:
                yield page.at(link.target, link.line).expect(
                    ok=False, message=f"{link.target}: {said}, wants a link that leads there"
                )
            elif said is not None:
                good += 1
        if good:
            yield page.at(1).expect(ok=True, message=f"{good} links lead somewhere")


def _dead(documentation: Documentation, page: Page, link: Link) -> str | None:
    """What is wrong with a link, empty for nothing; None for one that leads out of the repository."""
    path, fragment = link.path, link.target.partition("#")[2]
    if not path:
        if not link.target.startswith("#") or not fragment:
            return None
        return "" if fragment.lower() in page.anchors or fragment in page.anchors else "no heading makes that fragment"
    target = _target(page, link)
    if target is None:
        return None
    if not documentation.exists(target):
        return "there is no such file"
    other = documentation.pages.get(target)
    if fragment and other is not None and fragment.lower() not in other.anchors and fragment not in other.anchors:
        return "no heading makes that fragment"
    return ""


def _target(page: Page, link: Link) -> str | None:
    """The path that is meant; None where it lies outside what is checked, or is a page of the forge."""
    target = page.target(link)
    return None if target.startswith("..") or "{{" in target or "${" in target else target
