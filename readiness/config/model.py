"""What a settings file may say. These models are its documentation: `readiness schema` prints them as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from readiness.config.deploy import DeploySettings

Profile = Literal["production", "staging", "development"]
SourceName = Literal["manifests", "kustomize", "helm", "repository", "tools", "cluster", "commands"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


Paths = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]


# What is mandatory in a source has a default nevertheless: a base may say one half, and an environment the other.
MANDATORY_KEYS = {"helm": ("chart",), "kustomize": ("path",), "cluster": ("context", "namespace")}


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, defer_build=True, alias_generator=lambda name: name.replace("_", "-")
    )


class Helm(_Strict):
    """One chart as it is installed in this environment."""

    chart: str = Field(default="", description="folder of the chart, relative to the settings file; mandatory")
    release: str = Field(default="", description="name of the release; the chart's name where none is given")
    values: Paths = Field(default=[], description="values files, later ones win")
    set: dict[str, JsonValue] = Field(default={}, description="single values, as `--set` takes them")
    api_versions: list[str] = Field(default=[], description="further API versions that the cluster serves")


class Kustomize(_Strict):
    """One overlay."""

    path: str = Field(default="", description="folder with the kustomization, relative to the settings file; mandatory")


class RepositoryFolder(_Strict):
    """The repository, or the part of a larger one that the service is."""

    path: str = Field(default=".", description="folder of the repository, relative to the settings file")
    exclude: Paths = Field(
        default=[],
        description="what is no part of the service: patterns as in a `.gitignore`, from that folder; "
        "every report lists what they leave out",
    )


class Cluster(_Strict):
    """A live namespace. Nothing is guessed: the current context of a kubeconfig is never used."""

    context: str = Field(default="", description="context of the kubeconfig; mandatory")
    namespace: str = Field(default="", description="namespace of the service; mandatory")
    kubeconfig: str = Field(
        default="", description="path of the kubeconfig; where none is given, KUBECONFIG or ~/.kube/config"
    )


class Command(_Strict):
    """One of the project's own commands. Run only where the caller allows it."""

    run: list[str] = Field(min_length=1, description="program and arguments; there is no shell")
    timeout: float = Field(default=600, gt=0, le=7200, description="seconds")


def _each(name: str) -> Callable[[Any], Any]:
    """One or several, where a text alone is the field `name`. What is neither is left for the model to refuse."""

    def listed(value: Any) -> Any:
        items = _listed(value)
        return [{name: i} if isinstance(i, str) else i for i in items] if isinstance(items, list) else items

    return listed


def _alone(name: str) -> Callable[[Any], Any]:
    """A mapping, where a text alone is the field `name`."""
    return lambda value: {name: value} if isinstance(value, str) else value


Overlays = Annotated[
    list[Kustomize],
    BeforeValidator(_each("path"), json_schema_input_type=str | Kustomize | list[str | Kustomize]),
]
Folder = Annotated[
    RepositoryFolder,
    BeforeValidator(_alone("path"), json_schema_input_type=str | RepositoryFolder),
]
Charts = Annotated[list[Helm], BeforeValidator(_each("chart"), json_schema_input_type=str | Helm | list[str | Helm])]


class Sources(_Strict):
    """Where facts come from. What is not declared is not looked at, and the report says so."""

    manifests: Paths | None = Field(default=None, description="files, folders and globs; `-` is standard input")
    kustomize: Overlays | None = Field(default=None, description="overlays to build: a path, or a list of them")
    helm: Charts | None = Field(default=None, description="charts to render: a path, a mapping, or a list of either")
    repository: Folder | None = Field(default=None, description="the repository: its folder, `.` as a rule")
    tools: dict[str, str] | None = Field(default=None, description="programs and the versions wanted: `helm: '>=3.14'`")
    cluster: Cluster | None = None
    commands: dict[Literal["build", "test", "lint", "format", "types", "audit"], Command] | None = None


class BarSettings(_Strict):
    """What must be reached. Unset, the profile decides."""

    score: float | None = Field(default=None, ge=0, le=100)
    covered: float | None = Field(default=None, ge=0, le=100)


class WaiverSettings(_Strict):
    """A finding that an owner accepts for a while. Every field is mandatory."""

    check: str = Field(description="id of the check")
    subject: str = Field(description="what the finding is about, as the report prints it; `*` matches any text")
    reason: str = Field(min_length=10, description="why it is acceptable for now")
    owner: str = Field(min_length=1, description="who answers for it")
    expires: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="last day on which it holds")
    environment: str = Field(default="*", description="the environment it is for")


class EnvironmentSettings(_Strict):
    """One environment of a service."""

    inherits: str = Field(default="", description="another environment whose settings these go on top of")
    profile: Profile | None = Field(
        default=None, description="which defaults apply; the environment's name decides where unset"
    )
    kubernetes: str | None = Field(default=None, pattern=r"^1\.\d+$", description="target version, such as `1.34`")
    namespace: str | None = Field(default=None, description="namespace of objects that name none")
    bar: BarSettings = BarSettings()
    mandatory: list[SourceName] | None = Field(
        default=None, description="sources without which the verdict is INCOMPLETE"
    )
    sources: Sources = Sources()
    checks: dict[str, dict[str, JsonValue]] = Field(
        default={}, description="settings of checks by id; besides a check's own: `severity`, and `skip` with a reason"
    )
    deploy: DeploySettings | None = Field(default=None, description="how the service is shipped to this environment")


class ServiceSettings(_Strict):
    """One service with its environments."""

    owner: str = ""
    tier: Literal[1, 2, 3] = Field(default=2, description="1 is the most important")
    base: EnvironmentSettings = Field(default=EnvironmentSettings(), description="what every environment starts from")
    environments: dict[str, EnvironmentSettings] = {}


class SettingsFile(ServiceSettings):
    """`readiness.yaml`: one service at the top, or several under `services`."""

    rules: str | None = Field(
        default=None, pattern=r"^\d{4}\.\d{2}$", description="rules version that counts; newer checks only warn"
    )
    extends: str = Field(
        default="", description="an organisation's policy: what it sets may be made stricter, never laxer"
    )
    service: str = Field(default="", description="name of the service")
    services: dict[str, ServiceSettings] = {}
    waivers: list[WaiverSettings] = []
    waiver_files: Paths = Field(default=[], description="files that hold more waivers, under `waivers`")
    waiver_owners: list[str] = Field(default=[], description="who may own a waiver; empty: anybody")


class WaiverFile(_Strict):
    """A file of waivers."""

    waivers: list[WaiverSettings]
