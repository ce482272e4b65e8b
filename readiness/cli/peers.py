"""The names that other tools give the same rules, read from the `Peers:` section of checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from readiness.model import Check

TOOLS = {
    name.lower(): name
    for name in (
        "kube-score", "kube-linter", "Polaris", "Kubescape", "Checkov", "Trivy", "Popeye", "hadolint", "zizmor",
        "OpenSSF Scorecard", "OSSF Scorecard", "CIS", "eksup", "kubeconform", "kubectl", "kubent", "Pluto",
        "kubernetes-validate", "actionlint", "shellcheck", "cert-manager", "promtool", "pint", "KRR", "Goldilocks",
        "troubleshoot.sh", "testssl.sh", "sslyze", "Dockle", "Grype", "Gitleaks", "TruffleHog", "Backstage", "Mercari",
    )
} | {"ossf scorecard": "OpenSSF Scorecard"}  # fmt: skip
_TOOL = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in TOOLS), re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)")
# A rule's id has a digit, a dash, an underscore or a capital inside; an English word has none of these.
_ID = re.compile(r"[A-Za-z0-9][\w.*-]*[\d_*-][\w.*-]*|[A-Za-z]+[a-z][A-Z]\w*|\d+(?:\.\d+)+")
_NUMBERED = re.compile(r"(.*?)(\d+)\Z")
_ALONE = ("Dangerous-Workflow", "Vulnerabilities", "SAST")
_LONGEST_RANGE = 40


def names(check: Check) -> Iterator[tuple[str, str]]:
    """(tool, id) for each rule of another tool that asks the same as `check`."""
    text = _ASIDE.sub(" ", " ".join(check.page.peers.split()))
    found = list(_TOOL.finditer(text))
    for match, following in zip(found, [*found[1:], None], strict=False):
        said = text[match.end() : following.start() if following else len(text)].partition(";")[0]
        tool = TOOLS[match[0].lower()]
        yield from ((tool, one) for one in _ids(said))


def by_tool(checks: Iterable[Check]) -> dict[str, dict[str, list[str]]]:
    """Our ids by tool and by its rule, both in order."""
    table: dict[str, dict[str, list[str]]] = {}
    for check in checks:
        for tool, rule in names(check):
            ours = table.setdefault(tool, {}).setdefault(rule, [])
            if check.id not in ours:
                ours.append(check.id)
    ordered = sorted(table.items(), key=lambda item: item[0].lower())
    return {tool: dict(sorted(rules.items(), key=lambda item: _natural(item[0]))) for tool, rules in ordered}


def _ids(said: str) -> Iterator[str]:
    words = [w.strip(".,:;`'\"") for w in said.split()]
    for index, word in enumerate(words):
        if not _ID.fullmatch(word) and word not in _ALONE:
            continue
        yield word
        if words[index + 1 : index + 2] == ["to"] and index + 2 < len(words):
            yield from _between(word, words[index + 2])


def _between(first: str, last: str) -> Iterator[str]:
    """The ids that `POP-1200 to POP-1208` leaves out."""
    low, high = _NUMBERED.match(first), _NUMBERED.match(last)
    if not low or not high or low[1] != high[1] or int(high[2]) - int(low[2]) > _LONGEST_RANGE:
        return
    width = len(low[2])
    yield from (f"{low[1]}{number:0{width}d}" for number in range(int(low[2]) + 1, int(high[2])))


def _natural(word: str) -> tuple[tuple[int, str], ...]:
    """Sorts `5.1.9` before `5.1.13`."""
    parts = re.findall(r"\d+|\D+", word.lower())
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in parts)
