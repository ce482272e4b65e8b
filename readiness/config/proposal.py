"""A settings file for a repository that has none: what was found, as sources, with a comment on every guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from readiness.config.discover import Found, look
from readiness.config.environment import BARS, profile_of
from readiness.sources.manifests.scalars import resolve

_ORDER = {"development": 0, "staging": 1, "production": 2}
_VALUES = re.compile(r"values[-._](?P<after>[\w-]+)\.ya?ml\Z|(?P<before>[\w-]+)[-._]values\.ya?ml\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*\Z")
_KNOWN = (
    "prod",
    "live",
    "prd",
    "stag",
    "stg",
    "preprod",
    "uat",
    "qa",
    "dev",
    "local",
    "test",
    "ci",
    "sandbox",
    "preview",
)
_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
# Files of a project, and the command that its tests are commonly run with.
_TESTS = {
    "pyproject.toml": "[python, -m, pytest]",
    "package.json": "[npm, test]",
    "go.mod": "[go, test, ./...]",
    "Cargo.toml": "[cargo, test]",
    "pom.xml": "[mvn, --batch-mode, verify]",
}


@dataclass(frozen=True, slots=True)
class Proposed:
    """One environment that seems to exist. `why` says what made us think so; `lines` are its sources as YAML."""

    name: str
    why: str
    lines: tuple[str, ...]
    kind: str

    @property
    def guessed(self) -> bool:
        """Whether the name says nothing of what kind of environment it is."""
        return not _says_something(self.name)


def propose(root: Path) -> str:
    """The text of a settings file for what lies in `root`. Nothing is executed, and nothing outside is read."""
    found = look(root)
    environments = _unique(sorted(_environments(found, root), key=lambda p: (_ORDER[profile_of(p.name)], p.name)))
    lines = [
        "# Written by `readiness init` from what lies here. Each comment says what was guessed: look at it, mend it,",
        "# and take the comment out. `readiness schema` prints what else may be said, and `readiness explain CHECK`",
        "# what a check wants.",
        *_service(root),
        "",
        "base:",
        "  # What the cluster runs; checks about removed APIs need it.",
        '  # kubernetes: "1.34"',
        "  sources:",
        *_repository(found),
        *_commands(root),
        "",
        "environments:",
    ]
    for environment in environments:
        lines += ["", *_environment(environment)]
    if not environments:
        lines += ["", *_nothing()]
    return "\n".join(lines) + "\n"


def names(root: Path) -> list[str]:
    """The names of the environments that `propose` writes down, in its order."""
    found = look(root)
    ordered = sorted(_environments(found, root), key=lambda p: (_ORDER[profile_of(p.name)], p.name))
    return [e.name for e in _unique(ordered)] or ["staging"]


def _service(root: Path) -> Iterator[str]:
    yield f"service: {_scalar(root.resolve().name or 'service')}  # guessed: the name of this folder"
    owner, file = _owner(root)
    if owner:
        yield f"owner: {_scalar(owner)}  # guessed: who owns everything in {file}"
    else:
        yield 'owner: ""  # not found: who is called when it breaks?'
    yield "tier: 2  # guessed: 1 is the most important, 3 the least"


def _repository(found: Found) -> Iterator[str]:
    yield "    repository: .  # files, history, dependencies"
    for what, paths in (("Dockerfiles", found.dockerfiles), ("workflows", found.workflows), ("rules", found.rules)):
        if paths:
            shown = ", ".join(_comment(p) for p in paths[:5]) + (
                f" and {len(paths) - 5} more" if len(paths) > 5 else ""
            )
            yield f"    # {what} read with it: {shown}"


def _commands(root: Path) -> Iterator[str]:
    file = next((name for name in _TESTS if (root / name).is_file()), None)
    if file:
        yield f"    # The project's own commands, guessed from {file}; they run only under `--run-commands`."
        yield f"    # commands: {{test: {{run: {_TESTS[file]}}}}}"


def _environments(found: Found, root: Path) -> Iterator[Proposed]:
    for path in found.overlays:
        name = path.rpartition("/")[2] if path != "." else root.resolve().name
        yield Proposed(_name(name), f"the overlay {path}", (f"kustomize: {_scalar(path)}",), "overlay")
    for chart in found.charts:
        yield from _of_chart(chart, root, chart.rpartition("/")[2] if len(found.charts) > 1 else "chart")
    yield from _of_manifests(found.manifests)


def _of_manifests(folders: dict[str, list[str]]) -> Iterator[Proposed]:
    """Folders whose path names an environment, by environment; all others together."""
    groups: dict[str, list[str]] = {}
    for folder, paths in folders.items():
        name = next((part for part in reversed(folder.split("/")) if _says_something(part)), "manifests")
        groups.setdefault(name, []).extend(paths)
    for name, paths in groups.items():
        shown = [_scalar(p) for p in paths]
        lines = ("manifests:", *(f"  - {p}" for p in shown)) if len(shown) > 1 else (f"manifests: {shown[0]}",)
        yield Proposed(
            _name(name), f"the manifests in {paths[0]}" + (" and others" if shown[1:] else ""), lines, "manifests"
        )


def _of_chart(chart: str, root: Path, kind: str) -> Iterator[Proposed]:
    """One environment for each values file that has a name of its own; one for the chart alone where there is none."""
    folder = root / chart
    values = sorted(p for p in (*folder.glob("*.y*ml"), *folder.glob("values/*.y*ml")) if p.is_file())
    named = [(name, p.relative_to(root).as_posix()) for p in values if (name := _values_name(p, folder))]
    for name, path in named:
        lines = ("helm:", f"  chart: {_scalar(chart)}", f"  values: {_scalar(path)}")
        yield Proposed(_name(name), f"the values file {path}", lines, _name(kind))
    if not named:
        yield Proposed(_name(chart.rpartition("/")[2]), f"the chart {chart}", (f"helm: {_scalar(chart)}",), _name(kind))


def _values_name(path: Path, chart: Path) -> str:
    if path.parent != chart:
        return path.stem.removeprefix("values-")
    match = _VALUES.match(path.name)
    return (match["after"] or match["before"]) if match else ""


def _unique(proposed: list[Proposed]) -> list[Proposed]:
    """With names that are each there once: the second one of a name says what it is made of, too."""
    made: list[Proposed] = []
    taken: set[str] = set()
    for one in proposed:
        name, number = one.name, 1
        while name in taken:
            name, number = f"{one.name}-{one.kind}" + (f"-{number}" if number > 1 else ""), number + 1
        taken.add(name)
        made.append(Proposed(name, one.why, one.lines, one.kind))
    return made


def _environment(proposed: Proposed) -> Iterator[str]:
    profile = profile_of(proposed.name)
    bar = BARS[profile]
    yield f"  # Guessed from {_comment(proposed.why)}."
    yield f"  {_scalar(proposed.name)}:"
    why = "nothing in the name says which" if proposed.guessed else "by its name"
    yield f"    profile: {profile}  # guessed: {why}; score and covered have to reach {bar.score:g}"
    yield "    sources:"
    yield from (f"      {line}" for line in proposed.lines)


def _nothing() -> Iterator[str]:
    yield "  # No chart, overlay or manifest was found: only the repository is looked at."
    yield "  staging:"
    yield "    profile: staging"
    yield "    # sources: {manifests: deploy}"


def _owner(root: Path) -> tuple[str, str]:
    """The first owner of everything, and the file that says so."""
    for name in _OWNERS:
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found = ""
        for line in text.splitlines():
            words = line.partition("#")[0].split()
            if len(words) > 1 and words[0] in ("*", "/"):
                found = words[1]
        if found:
            return found.lstrip("@"), name
    return "", ""


def _says_something(name: str) -> bool:
    return any(part.startswith(_KNOWN) for part in name.lower().replace("_", "-").split("-"))


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "default"


def _scalar(text: str) -> str:
    """`text` as YAML that is read as this very text; a dollar would ask for a variable."""
    text = text.replace("$", "$$")
    if _PLAIN.match(text) and isinstance(resolve(text), str):
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF or character.isprintable():  # a byte that is no text cannot be written; it is shown
        return character if code < 0xD800 or code > 0xDFFF else "?"
    return f"\\U{code:08x}"


def _comment(text: str) -> str:
    """`text` on one line that cannot end the comment."""
    return "".join(c if c.isprintable() else "?" for c in text)
