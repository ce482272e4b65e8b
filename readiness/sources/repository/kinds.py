"""Which files of a repository are parsed, and what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from readiness.facts.repository import File, FileKind

# Names, or paths where a `/` is in the pattern; the first that fits decides.
_PARSED: tuple[tuple[FileKind, tuple[str, ...]], ...] = (
    (FileKind.WORKFLOW, (".github/workflows/*.yml", ".github/workflows/*.yaml", "action.yml", "action.yaml")),
    (FileKind.WORKFLOW, (".gitlab-ci.yml", "*.gitlab-ci.yml", ".gitlab/ci/*.yml", ".circleci/config.yml")),
    (FileKind.WORKFLOW, ("azure-pipelines.yml", "azure-pipelines.yaml", "bitbucket-pipelines.yml", "cloudbuild.yaml")),
    (FileKind.CHART, ("Chart.yaml", "Chart.lock", "values*.yaml", "values*.yml", "*.values.yaml", "*-values.yaml")),
    (FileKind.CHART, ("values.schema.json",)),
    (FileKind.KUSTOMIZATION, ("kustomization.yaml", "kustomization.yml", "Kustomization")),
    (FileKind.COMPOSE, ("compose.yaml", "compose.yml", "compose.*.yaml", "compose.*.yml")),
    (
        FileKind.COMPOSE,
        ("docker-compose.yaml", "docker-compose.yml", "docker-compose[.-]*.yaml", "docker-compose[.-]*.yml"),
    ),
    (FileKind.PACKAGE, ("package.json", "pyproject.toml", "Cargo.toml", "Pipfile", "composer.json")),
    (FileKind.TOOLING, (".github/dependabot.yml", ".github/dependabot.yaml", ".pre-commit-config.yaml")),
    (FileKind.TOOLING, ("renovate.json", ".renovaterc", ".renovaterc.json")),
    (FileKind.CATALOG, ("catalog-info.yaml", "catalog-info.yml")),
    (
        FileKind.API,
        ("openapi*.yaml", "openapi*.yml", "openapi*.json", "swagger*.yaml", "swagger*.yml", "swagger*.json"),
    ),
)
_NAMED: tuple[tuple[FileKind, tuple[str, ...]], ...] = (
    (
        FileKind.DOCKERFILE,
        ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile", "Containerfile.*"),
    ),
    (FileKind.DOCKERFILE, (".dockerignore", "*.dockerignore")),
    (FileKind.SCRIPT, ("*.sh", "*.bash")),
)
# A file may be called anything: these first words of a line say what it is.
_RULES = re.compile(rb"^(?:groups|scrape_configs|rule_files|receivers)[ \t]*:", re.M)
_OBJECTIVE = re.compile(
    rb"^(?:apiVersion[ \t]*:[ \t]*[\"']?(?:openslo|sloth\.slok\.dev|pyrra\.dev)/"
    rb"|version[ \t]*:[ \t]*[\"']?prometheus/v1)",
    re.M,
)
_SUFFIXES = (".yaml", ".yml", ".json", ".toml", ".lock")
_WITHOUT_SUFFIX = frozenset({"Kustomization", "Pipfile", ".renovaterc"})


def kind_of(path: str) -> FileKind:
    """What a file is for, as its path tells."""
    name = path.rpartition("/")[2]
    for kind, patterns in (*_PARSED, *_NAMED):
        if any(_fits(path, name, pattern) for pattern in patterns):
            return kind
    return FileKind.OTHER


def parsed_kind(file: File, charts: frozenset[str]) -> FileKind | None:
    """What a file that is to be parsed is for, by its path or its content; None where it is not to be parsed.

    `charts` are the folders of Helm charts: their templates are text for Helm, and no YAML before it has rendered them.
    """
    if not file.name.endswith(_SUFFIXES) and file.name not in _WITHOUT_SUFFIX:
        return None
    if not file.own or any(file.path.startswith(f"{chart}templates/") for chart in charts):
        return None
    for kind, patterns in _PARSED:
        if any(_fits(file.path, file.name, pattern) for pattern in patterns):
            return kind
    return FileKind.MONITORING if _is_monitoring(file) else None


def chart_folders(files: Mapping[str, File]) -> frozenset[str]:
    """The folders with a Chart.yaml, each with a slash at its end; the top is empty."""
    return frozenset(path[: -len("Chart.yaml")] for path in _charts(files))


def _charts(files: Mapping[str, File]) -> Iterator[str]:
    return (path for path in files if path == "Chart.yaml" or path.endswith("/Chart.yaml"))


def _is_monitoring(file: File) -> bool:
    if file.name.endswith((".yaml", ".yml")):
        data = file.load()
        return bool(_RULES.search(data) or _OBJECTIVE.search(data))
    if not file.name.endswith(".json"):
        return False
    data = file.load()
    return b'"panels"' in data and b'"schemaVersion"' in data and data.lstrip().startswith(b"{")


def _fits(path: str, name: str, pattern: str) -> bool:
    """Patterns without a slash are names in any folder; others stand at the top of the repository."""
    if "/" not in pattern:
        return fnmatchcase(name, pattern)
    folder, _, last = pattern.rpartition("/")
    return path == f"{folder}/{name}" and fnmatchcase(name, last)
