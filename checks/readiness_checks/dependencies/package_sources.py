from collections.abc import Iterator

from readiness import Finding, Findings, Place, Severity, check
from readiness.facts.python_packages import option_lines
from readiness.facts.requirements import Manifests

_NPM = {"registry": "http://", "strict-ssl": "false"}


@check(Severity.MEDIUM)
def package_sources(manifests: Manifests) -> Findings:
    """Packages are fetched over encrypted connections, from one index.

    Why: without TLS anybody on the way can replace a package; with a second index whoever registers your private name
    there
    first is installed instead.
    Fix: use `https://`, drop `--trusted-host` and `strict-ssl=false`, and put one index that proxies the public one
    in place of
    `--extra-index-url`.
    Peers: none.
    Source: pip, "pip install", --extra-index-url: https://pip.pypa.io/en/stable/cli/pip_install/
    """
    for file in manifests.named("requirements*.txt", "requirements*.in", "constraints*.txt"):
        for line in option_lines(file):
            said = _fault(line.text)
            if said is not None:
                yield file.at("option", line.number).expect(
                    not said, f"{said or 'fetches over TLS'}, wants one index over TLS"
                )
    for file in manifests.named(".npmrc"):
        for number, text in enumerate(file.lines, 1):
            yield from _npm(file.at("option", number), text)


def _fault(option: str) -> str | None:
    """What is wrong with an option of pip; None where it is not about indexes."""
    name, _, value = option.replace("=", " ", 1).partition(" ")
    value = value.strip()
    if name == "--trusted-host":
        return f"trusts {value} without TLS"
    if name == "--extra-index-url":
        return "adds a second index"
    if name in {"-i", "--index-url", "-f", "--find-links"}:
        return "fetches without TLS" if value.startswith("http://") else ""
    return None


def _npm(place: Place, text: str) -> Iterator[Finding]:
    key, _, value = text.partition("=")
    wrong = _NPM.get(key.strip().rpartition(":")[2])
    if wrong is not None:
        bad = value.strip().lower().startswith(wrong)
        yield place.expect(not bad, f"{key.strip()}={value.strip()}, wants TLS")
