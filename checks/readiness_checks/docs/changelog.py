from readiness import Findings, Severity, check
from readiness.facts.code import Code
from readiness.facts.documentation import Documentation

_FRAGMENTS = ("changelog.d/", "newsfragments/", ".changeset/", "changes/", "changelogs/unreleased/", "docs/changes/")


@check(Severity.LOW)
def changelog(documentation: Documentation, code: Code) -> Findings:
    """A changelog says what the present version changed.

    Why: in an outage the first question is what changed, and users of the service ask it too.
    Fix: keep a CHANGELOG with a section for each version, and one for what is not released yet.
    Peers: none.
    Source: Keep a Changelog 1.1.0: https://keepachangelog.com/en/1.1.0/
    """
    if not code.files:
        return
    found = documentation.named("changelog", "changes", "history", "news", "releases", top=True)
    if not found:
        yield documentation.repository.at("changelog").expect(
            ok=False, message="there is no changelog, wants CHANGELOG.md"
        )
        return
    text = found[0].text.lower()
    version = _version(code)
    # Fragments that wait for the next release say it as well.
    waiting = any(path.startswith(_FRAGMENTS) for path in documentation.paths)
    told = not version or version.lower() in text or "unreleased" in text or waiting
    said = f"says nothing of {version}" if not told else "is there"
    yield found[0].at("version", 1).expect(told, f"{said}, wants a section for it", version=version)


def _version(code: Code) -> str:
    """The version that the manifest at the top gives; empty where it gives none."""
    for name, route in (("pyproject.toml", ("project", "version")), ("package.json", ("version",))):
        for file, node in code.settings(name):
            if not file.folder and node is not None and node.text(*route):
                return node.text(*route) or ""
    return ""
