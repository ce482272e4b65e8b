"""Finds what there is to check where no settings say it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from readiness.config.environment import BARS, Environment, profile_of
from readiness.config.faults import Fault, SettingsError, nearest
from readiness.config.model import Helm, Kustomize, RepositoryFolder, Sources

_SKIPPED = frozenset(
    {".git", ".venv", "venv", "node_modules", "vendor", "third_party", "testdata", "__pycache__", ".terraform"}
)
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_COMPONENT = frozenset({"kind: Component", 'kind: "Component"', "kind: 'Component'"})
_JSON_KEY = re.compile(rb'[{,]\s*"(apiVersion|kind)"\s*:')
_DEEPEST = 8


@dataclass(slots=True)
class Found:
    """What lies in a folder, by paths relative to it."""

    charts: list[str] = field(default_factory=list)
    overlays: list[str] = field(default_factory=list)
    manifests: dict[str, list[str]] = field(default_factory=dict)  # by folder: it, or the files to name of it
    dockerfiles: list[str] = field(default_factory=list)
    workflows: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def look(root: Path) -> Found:
    """Charts, overlays, folders of manifests, Dockerfiles, workflows and Prometheus rules under `root`.

    Nothing is executed. What lies in a folder with a kustomization is that one's business (patches are no manifests),
    and so is what lies in a chart.
    """
    found = Found()
    manifests: dict[str, list[str]] = {}
    for name, files in _folders(root):
        path = "" if name == "." else f"{name}/"
        if "Chart.yaml" in files:
            found.charts.append(name)
        elif any(k in files for k in _KUSTOMIZATIONS):
            found.overlays.append(name)
        elif not any(_within(name, overlay) for overlay in found.overlays):
            written = [path + f for f in files if f.endswith((".yaml", ".yml", ".json")) and _manifest(root / path / f)]
            manifests |= {name: written} if written else {}
        found.dockerfiles += [path + f for f in files if f == "Dockerfile" or f.endswith(".Dockerfile")]
        if name.endswith(".github/workflows"):
            found.workflows += [path + f for f in files if f.endswith((".yml", ".yaml"))]
        found.rules += [path + f for f in files if f.endswith((".yml", ".yaml")) and _rules(root / path / f)]
    found.manifests = _manifests(manifests, [*found.charts, *found.overlays])
    found.overlays = _ends(root, found.overlays)
    return found


def _manifests(written: dict[str, list[str]], others: list[str]) -> dict[str, list[str]]:
    """What to name of each folder: the folder itself, which is searched with all below it, or else its manifests."""
    named: dict[str, list[str]] = {}
    for folder, files in written.items():
        whole = folder != "." and not any(_within(other, folder) for other in others)
        if not any(named[above] == [above] and _within(folder, above) for above in named):
            named[folder] = [folder] if whole else files
    return named


def _within(folder: str, above: str) -> bool:
    return above == "." or folder == above or folder.startswith(f"{above}/")


def here(root: Path, name: str) -> tuple[Environment, ...]:
    """Environments made of what lies in `root`: one for each overlay and chart, one for the plain manifests.

    Where there is nothing of the kind, the repository alone is looked at.
    """
    found = look(root)
    service = root.resolve().name
    made = [*_of_overlays(found, service, root), *_of_charts(found, service, root)]
    if found.manifests:
        paths = [path for named in found.manifests.values() for path in named]
        made.append(_environment(service, "manifests", root, Sources(manifests=paths)))
    if not made:
        made.append(_environment(service, "repository", root, Sources()))
    made = [replace(e, sources=e.sources.model_copy(update={"repository": RepositoryFolder()})) for e in made]
    if not name:
        return tuple(made)
    chosen = tuple(e for e in made if e.name == name)
    if chosen:
        return chosen
    known = ", ".join(e.name for e in made)
    hint = nearest(name, [e.name for e in made]) or f"; found: {known}"
    said = f"there is no settings file here (`readiness init` writes one), and nothing found looks like `{name}`"
    raise SettingsError([Fault(None, said + hint)])


def given(paths: tuple[str, ...], root: Path) -> tuple[Environment, ...]:
    """Environments made of paths as they are: a chart is rendered, an overlay is built, all else are manifests."""
    made, manifests = [], []
    for path in paths:
        folder = root / path
        if path != "-" and (folder / "Chart.yaml").is_file():
            made.append(_environment(path, "chart", root, Sources(helm=[Helm(chart=path)])))
        elif path != "-" and any((folder / k).is_file() for k in _KUSTOMIZATIONS):
            made.append(_environment(path, "overlay", root, Sources(kustomize=[Kustomize(path=path)])))
        else:
            manifests.append(path)
    if manifests:
        made.append(_environment(" ".join(manifests[:3]), "manifests", root, Sources(manifests=manifests)))
    return tuple(made)


def _environment(service: str, name: str, root: Path, sources: Sources) -> Environment:
    profile = profile_of(name)
    return Environment(service, name, root, profile=profile, bar=BARS[profile], sources=sources)


def _of_overlays(found: Found, service: str, root: Path) -> Iterator[Environment]:
    names: dict[str, int] = {}
    for path in found.overlays:
        name = path.rpartition("/")[2] if path != "." else "kustomize"
        names[name] = names.get(name, 0) + 1
        unique = name if names[name] == 1 else path.replace("/", "-")
        yield _environment(service, unique, root, Sources(kustomize=[Kustomize(path=path)]))


def _of_charts(found: Found, service: str, root: Path) -> Iterator[Environment]:
    for path in found.charts:
        name = "chart" if len(found.charts) == 1 else f"chart-{path.rpartition('/')[2]}"
        yield _environment(service, name, root, Sources(helm=[Helm(chart=path)]))


def _folders(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Every folder with its files, in order; a chart's own folders are the chart's business."""
    for folder, folders, files in os.walk(root):
        name = os.path.relpath(folder, root)
        depth = 0 if name == "." else name.count("/") + 1
        hidden = [f for f in folders if f.startswith(".") and f not in (".github",)]
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and f not in hidden and depth < _DEEPEST)
        if "Chart.yaml" in files:
            folders[:] = []
        yield name, sorted(files)


def _manifest(path: Path) -> bool:
    """Whether a file begins like a Kubernetes object: a cheap look, the source reads it properly."""
    head = _head(path)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) & ~1].decode("utf-16", "replace").encode()
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        keys = {match[1] for match in _JSON_KEY.finditer(head)}
    else:
        lines = head.removeprefix(b"\xef\xbb\xbf").replace(b'"', b"").splitlines()
        keys = {line.strip().split(b":")[0] for line in lines if b":" in line and not line.startswith((b" -", b"\t"))}
    # A catalogue of services writes its entries in the same form.
    return b"apiVersion" in keys and b"kind" in keys and not any(w in head for w in (b"{{", b"backstage.io/v1"))


def _rules(path: Path) -> bool:
    """Whether a file looks like rules of Prometheus: plain ones, or a PrometheusRule."""
    lines = [line.strip() for line in _head(path).split(b"\n")]
    plain = b"groups:" in lines and any(line.lstrip(b"- ").startswith(b"rules:") for line in lines)
    return plain or b"kind: PrometheusRule" in lines


def _head(path: Path) -> bytes:
    """The first 4 KiB; nothing of what is no regular file or cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(4096)
    except OSError:
        return b""


def _ends(root: Path, overlays: list[str]) -> list[str]:
    """The overlays that no other overlay builds on: bases are looked at through what is really deployed.

    A component is built by what includes it, never by itself.
    """
    used = set()
    for name in overlays:
        file = next(root / name / k for k in _KUSTOMIZATIONS if (root / name / k).is_file())
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if any(line.rstrip() in _COMPONENT for line in text.splitlines()):
            used.add(name)
        for line in text.splitlines():
            item = line.strip().removeprefix("- ").strip("'\" ")
            if item and "://" not in item and line.strip().startswith("- "):
                target = os.path.normpath(os.path.join(name, item))  # noqa: PTH118 (text, not a path on disk)
                used.add(target)
    return [name for name in overlays if name not in used]
