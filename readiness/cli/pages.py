"""The pages about checks, made of what stands once already: docstring, signature and case file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from readiness.cli import contract, peers
from readiness.model import Check, Setting

MARK = "<!-- Written by `readiness docs` from the check and its case file. Change those, not this page. -->"
_BAD = re.compile(r"#\s*bad\b")
_OK = re.compile(r"#\s*ok\b")
_SEVERITY_SAID = re.compile(r"(#\s*bad)\(\w+\)")
_LONGEST = 40  # lines of an example, where a shorter one can be had
_AREAS = {
    "apis": "API versions and schemas",
    "availability": "Staying up through drains, crashes and rollouts",
    "dependencies": "What is built in, and from where",
    "deployment": "What Kubernetes, Docker and Helm do with the files",
    "docs": "What people need at three in the morning",
    "governance": "Who owns what (shown as `enterprise` in reports)",
    "images": "Where images come from, and which",
    "live": "What only the cluster itself can say",
    "monitoring": "Metrics, alerts and dashboards",
    "network": "Who reaches whom",
    "performance": "Load and latency",
    "pipeline": "How changes get to production",
    "quality": "What the project's own tools say",
    "resilience": "What happens when something breaks",
    "resources": "Requests, limits and quotas",
    "secrets": "Where secrets are, and are not",
    "security": "What a process may do",
    "storage": "Where data is, and how long",
    "tenancy": "Living beside others (shown as `enterprise` in reports)",
    "tls": "Certificates and encryption",
}


def made(checks: Sequence[Check], case_files: Mapping[str, str]) -> dict[str, str]:
    """Every page by its path below `checks/`. `case_files` are the texts of the case files by check id."""
    ordered = sorted(checks, key=lambda c: c.id)
    pages = {f"{c.id}.md": page(c, case_files.get(c.id, "")) for c in ordered}
    return {"README.md": index(ordered), **pages}


def page(check: Check, case_file: str) -> str:
    """The page of one check."""
    said = check.page
    parts = [MARK, f"# {check.id}", f"**{_text(said.title)}**", _facts(check)]
    parts += ["## Why", _sentence(said.why), "## How to mend it", _sentence(said.fix)]
    parts += ["## Settings", *_settings(check)]
    bad, good = _examples(case_file)
    if bad:
        parts += ["## Bad", *_shown(bad)]
    if good and good != bad:
        parts += ["## Good" + (", where it says `ok`" if _BAD.search(good) else ""), *_shown(good)]
    if not said.peers.startswith("none."):
        parts += ["## In other tools", _sentence(said.peers)]
    parts += ["## Source", _sentence(said.source)]
    parts.append(
        "[All checks](../README.md) · [how to set it](../../settings.md) · [how to waive it](../../waivers.md)"
    )
    return "\n\n".join(parts) + "\n"


def index(checks: Sequence[Check]) -> str:
    """The page that lists all checks by area, and by the names that other tools give them."""
    parts = [MARK, "# Checks"]
    parts.append(
        "Each check asks one question and says what it found at which line. `readiness list` shows this table,"
        " `readiness explain CHECK` a page of it, both without a network."
    )
    for area in sorted({c.area for c in checks}):
        parts.append(f"## {area}")
        if area in _AREAS:
            parts.append(f"{_AREAS[area]}.")
        rows = [(_link(c.id), c.severity.value, c.page.title) for c in checks if c.area == area]
        parts.append(_table(("check", "severity", "what is claimed"), rows))
    parts.append("## Names in other tools")
    parts.append("The rule that you know from another tool, and the check that asks the same or more.")
    for tool, rules in peers.by_tool(checks).items():
        parts.append(f"### {tool}")
        rows = [(f"`{rule}`", ", ".join(_link(i) for i in ours), "") for rule, ours in rules.items()]
        parts.append(_table((tool, "check"), [row[:2] for row in rows]))
    return "\n\n".join(parts) + "\n"


def _facts(check: Check) -> str:
    rows = [
        ("severity", f"{check.severity.value} (weight {check.severity.weight})"),
        ("needs", "; ".join(_asking(a) for a in contract.askings(check)) or "nothing"),
        ("in the rules since", check.since),
    ]
    return _table(("", ""), rows)


def _asking(asking: contract.Asking) -> str:
    return asking.said


def _settings(check: Check) -> Iterator[str]:
    if not check.settings:
        yield "None of its own; `severity` and `skip` can be set for every check."
        return
    yield _table(("setting", "type", "default", "stricter", "what it is"), [_row(s) for s in check.settings.values()])
    setting = next(iter(check.settings.values()))
    value = contract.value_said(contract.plain_value(setting.default))
    yield f"```yaml\nchecks:\n  {check.id}:\n    {setting.name}: {value}\n```"


def _row(setting: Setting) -> tuple[str, ...]:
    said = contract.defaults(setting)
    default = f"`{contract.value_said(said.pop('default'))}`"
    more = "".join(f"; {name} `{contract.value_said(value)}`" for name, value in said.items())
    stricter = setting.stricter.value if setting.stricter else ""
    return f"`{setting.name}`", contract.type_said(setting.type), default + more, stricter, setting.about


def _examples(case_file: str) -> tuple[str, str]:
    """The documents of a case file that show the bad and the good best: the first ones that are not long."""
    documents = re.split(r"^---\s*?$", case_file, flags=re.MULTILINE)
    return _first(documents, _BAD, _OK), _first(documents, _OK, _BAD)


def _first(documents: Iterable[str], wanted: re.Pattern[str], other: re.Pattern[str]) -> str:
    having = [d.strip("\n") for d in documents if wanted.search(d)]
    short = [d for d in having if d.count("\n") < _LONGEST] or sorted(having, key=len)[:1]
    return next((d for d in short if not other.search(d)), short[0] if short else "")


def _shown(document: str) -> Iterator[str]:
    """A document as a code block; one that describes a repository or a run without the words around it."""
    text = _SEVERITY_SAID.sub(r"\1", document)
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("given:")), None)
    if start is not None:
        # A finding without a line of its own is expected where the example begins.
        said = lines[start].removeprefix("given:").strip()
        body = (line.removeprefix("  ") for line in lines[start + 1 :])
        text = "\n".join([*lines[:start], *([said] if said else []), *body])
    fence = "`" * max(3, 1 + max((len(m) for m in re.findall(r"`+", text)), default=0))
    yield f"{fence}yaml\n{text.rstrip()}\n{fence}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _link(check_id: str) -> str:
    return f"[{check_id}]({check_id}.md)"


def _sentence(text: str) -> str:
    said = _text(text)
    return said[:1].upper() + said[1:] if said[:1].isalpha() and said.split(" ")[0].isalpha() else said


def _text(text: str) -> str:
    return " ".join(text.split())
