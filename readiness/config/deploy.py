"""What a settings file may say under `deploy`: how one service is shipped to one environment."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from readiness.config.faults import nearest

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]*")  # a token of RFC 9110, or nothing
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


class _Strict(BaseModel):
    model_config = ConfigDict(
        defer_build=True,
        allow_inf_nan=False,
        extra="forbid",
        strict=True,
        frozen=True,
        populate_by_name=True,
        alias_generator=lambda n: n.replace("_", "-"),
    )


class Reference(_Strict):
    """A secret by reference: the value is read where it is used, and written nowhere."""

    from_env: str = Field(default="", description="name of an environment variable")
    from_file: str = Field(default="", description="path of a file; a newline at its end is no part of the value")

    @model_validator(mode="after")
    def _one(self) -> Reference:
        if bool(self.from_env) == bool(self.from_file):
            raise ValueError("wants either `from-env` or `from-file`")
        return self


Value = str | Reference


def _listens(value: str) -> str:
    """Whether the keeper could bind this. Whether a name leads anywhere only the machine knows that it runs on."""
    host, _, port = value.rpartition(":")
    if not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
        raise ValueError("wanted an address and a port from 1 to 65535, such as 127.0.0.1:8080")
    if not _is_host(host.strip("[]")):
        raise ValueError("wanted an address and a port, such as 127.0.0.1:8080 or [::1]:8080")
    return value


def _is_host(host: str) -> bool:
    """An address, a name, or nothing, which is every address."""
    try:
        if ":" in host:
            return bool(ipaddress.IPv6Address(host).packed)
        if re.fullmatch(r"[0-9.]+", host):
            return "." in host and bool(socket.inet_aton(host))
    except (OSError, ValueError):
        return False
    return not host or _HOST.fullmatch(host) is not None


def _is_header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError("wanted the name of a header, such as X-Release")
    return value


def _is_network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("wanted a network without bits of a host, such as 10.0.0.0/8") from None
    return value


Command = Annotated[list[str], Field(min_length=1, description="program and arguments; there is no shell")]


class ReleaseSettings(_Strict):
    """How a release is made from a version."""

    source: str = Field(
        default=".", description="a git repository whose refs are versions, or a folder; relative to the settings file"
    )
    version: str = Field(default="", description="a git ref, a folder or an archive; `--version` says another")
    prepare: list[Command] = Field(
        default=[], description="commands run in the new release's folder, in this order, before it is sealed"
    )
    prepare_timeout: float = Field(default=600, gt=0, le=7200, description="seconds for all of them together")


class ReadySettings(_Strict):
    """When a colour is ready: the path answers 2xx, again and again."""

    path: str = Field(default="/ready", description="asked for by GET")
    interval: float = Field(default=0.2, gt=0, le=60, description="seconds between probes")
    timeout: float = Field(default=1, gt=0, le=60, description="seconds for one probe")
    failures: int = Field(default=3, ge=1, le=100, description="bad probes in a row after which it is not ready")
    within: float = Field(default=60, gt=0, le=3600, description="seconds until it must be ready")
    min_ready: float = Field(default=1, ge=0, le=600, description="seconds without a bad probe before it may serve")


class StopSettings(_Strict):
    """How a colour ends: no new requests, then SIGTERM, then SIGKILL."""

    drain: float = Field(default=30, ge=0, le=3600, description="seconds for requests in flight to end by themselves")
    grace: float = Field(default=10, ge=0, le=600, description="seconds between SIGTERM and SIGKILL")


class IdentitySettings(_Strict):
    """Where an answer says which release gave it."""

    path: str = "/"
    header: Annotated[str, AfterValidator(_is_header)] = Field(
        default="", description="header whose value is the release id, as READINESS_RELEASE gave it"
    )


class RunSettings(_Strict):
    """The service as a process on this machine. It gets PORT, READINESS_RELEASE and READINESS_COLOUR; `{port}`,
    `{release}`, `{version}` and `{colour}` are filled in where the command or a variable says so."""

    command: Command = Field(
        default=[], description="program and arguments; there is no shell; mandatory, except with `kubernetes`"
    )
    environment: dict[str, Value] = Field(default={}, description="text, or a reference to a secret")
    ready: ReadySettings = ReadySettings()
    stop: StopSettings = StopSettings()
    identity: IdentitySettings = IdentitySettings()


class TlsSettings(_Strict):
    """PEM files."""

    certificate: str
    key: str


class EntrySettings(_Strict):
    """The door that users come through: what the keeper listens on, and how it treats requests."""

    listen: Annotated[str, AfterValidator(_listens)] = Field(default="127.0.0.1:8080", description="address and port")
    tls: TlsSettings | None = None
    connections: int = Field(
        default=4096, ge=1, description="open client connections, as far as descriptors suffice; others wait"
    )
    body: int = Field(default=64 << 20, ge=0, description="bytes that a request may send")
    idle: float = Field(default=75, gt=0, description="seconds that an idle client connection is kept")
    timeout: float = Field(default=60, gt=0, description="seconds without a byte from the service before 504")
    head: float = Field(default=10, gt=0, le=300, description="seconds that the head of a request may take to arrive")
    hold: float = Field(
        default=3, ge=0, le=60, description="seconds that a request waits for a release which takes no connection"
    )
    trusted: list[Annotated[str, AfterValidator(_is_network)]] = Field(
        default=["127.0.0.0/8", "::1/128"],
        description="networks of load balancers in front, whose word about their clients is passed on",
    )
    access_log: str = Field(default="", description="file; empty: none")
    carrier: Literal["keeper", "haproxy"] = Field(
        default="keeper",
        description="what moves the bytes; `haproxy` (2.4 or later) is started and steered by the keeper, and bounds "
        "only bodies that announce their length",
    )


class AlembicSettings(_Strict):
    """Migrations by Alembic, rendered offline to SQL."""

    render: Command = Field(
        default=["alembic", "upgrade", "{from}:{to}", "--sql"],
        description="prints the SQL between two revisions; run in the release's folder, `{python}` is this Python",
    )
    versions: str = Field(default="migrations/versions", description="folder of the revisions in the release")
    environment: dict[str, Value] = Field(
        default={},
        description="what the command gets besides PATH and the texts of `run.environment`; it connects to nothing, "
        "so no secret is needed",
    )


class MigrationSettings(_Strict):
    """The service's database and what changes its schema."""

    database: Value = Field(
        description="address of the database, as a rule by reference: postgresql://… or sqlite:///…"
    )
    sql: str = Field(default="", description="folder of SQL files in the release, applied in the order of their names")
    alembic: AlembicSettings | None = None
    declared: dict[str, Literal["expand", "data", "contract"]] = Field(
        default={}, description="migrations by id whose kind a person answers for, since it cannot be told"
    )
    lock_timeout: float = Field(default=1, gt=0, le=60, description="seconds that a statement waits for a lock")
    statement_timeout: float = Field(
        default=5, gt=0, le=3600, description="seconds for all statements of one migration"
    )
    index_timeout: float = Field(
        default=600, gt=0, le=86400, description="seconds to build or drop one index CONCURRENTLY, which blocks nobody"
    )
    attempts: int = Field(default=10, ge=1, le=100, description="attempts when a lock is not to be had")

    @model_validator(mode="after")
    def _one(self) -> MigrationSettings:
        if bool(self.sql) == bool(self.alembic):
            raise ValueError("wants either `sql` or `alembic`")
        return self


class GateSettings(_Strict):
    """One gate. Exactly one of `http`, `prometheus`, `command` and `traffic` says what is measured."""

    name: str
    http: HttpGate | None = None
    prometheus: PrometheusGate | None = None
    command: CommandGate | None = None
    traffic: TrafficGate | None = None
    interval: float = Field(default=1, gt=0, le=3600, description="seconds between measurements")
    count: int | None = Field(
        default=None, ge=1, description="good measurements that are enough; unset: until the time is over (one before)"
    )
    failure_limit: int = Field(default=0, ge=0, description="bad measurements that are tolerated")
    inconclusive_limit: int = Field(default=3, ge=0, description="measurements without an answer that are tolerated")
    initial_delay: float = Field(default=0, ge=0, le=3600, description="seconds before the first measurement")
    timeout: float = Field(default=5, gt=0, le=300, description="seconds for one measurement")

    @model_validator(mode="after")
    def _one(self) -> GateSettings:
        kinds = [k for k in ("http", "prometheus", "command", "traffic") if getattr(self, k) is not None]
        if len(kinds) != 1:
            raise ValueError("wants exactly one of `http`, `prometheus`, `command` and `traffic`")
        return self


class HttpGate(_Strict):
    """A request to the colour itself before the switch, through the entry after it."""

    path: str = "/"
    status: list[int] = Field(default=[], description="good statuses; empty: 200 to 299")
    body: str = Field(default="", description="regular expression that the body contains")
    max_latency: float | None = Field(default=None, gt=0, description="seconds")
    header: str = Field(default="", description="header that must hold the release id; the identity's where empty")


class PrometheusGate(_Strict):
    """A query with one number for an answer. `{release}`, `{version}` and `{colour}` are filled in."""

    address: str
    query: str
    max: float | None = None
    min: float | None = None
    samples: str = Field(default="", description="query that says how many requests are behind the number")
    min_requests: float = Field(default=0, ge=0)
    everyone: bool = Field(default=False, description="the query is meant to measure all colours together")
    stale_after: float = Field(default=60, gt=0, description="seconds after which a sample says nothing any more")
    token: Reference | None = Field(default=None, description="bearer token")

    @model_validator(mode="after")
    def _bounded(self) -> PrometheusGate:
        if self.max is None and self.min is None:
            raise ValueError("wants `max`, `min` or both")
        return self


class CommandGate(_Strict):
    """A program: exit code 0 is good, 75 says nothing, every other is bad. Killed or too slow says nothing."""

    run: Command
    environment: dict[str, Value] = {}


class TrafficGate(_Strict):
    """The keeper's own counts for the colour, over a sliding window."""

    window: float = Field(default=10, gt=0, le=3600, description="seconds")
    max_error_ratio: float | None = Field(default=None, ge=0, le=1, description="share of 5xx and of no answer")
    max_latency: float | None = Field(default=None, gt=0, description="seconds, at the quantile")
    quantile: float = Field(default=0.95, gt=0, lt=1)
    min_requests: int = Field(default=20, ge=1, description="fewer say nothing")


class GatesSettings(_Strict):
    """What must hold before the switch, and after it."""

    before: list[GateSettings] = []
    after: list[GateSettings] = []


class BakeSettings(_Strict):
    """How long the new release is watched while the old one stands by."""

    seconds: float = Field(default=60, ge=0, le=86400)
    on_no_data: Literal["rollback", "hold"] = Field(default="rollback", description="when the gates could not tell")
    converge: float = Field(default=60, gt=0, le=600, description="seconds for the switch to be proven")
    identities: int = Field(default=5, ge=1, le=1000, description="answers in a row that must come from the release")


EVENTS = (
    # of a run
    "announced", "migrating", "migrated", "proven", "not-proven", "awaiting", "approved", "approved-by-its-author",
    "asked-again", "switched", "baking", "committed", "returned", "rolled-back", "held", "aborted", "refused",
    "superseded", "settled", "measured", "deed", "taken-over", "watched-by-the-deployer", "asked", "watching", "unseen",
    "not-heard", "not-retired", "return-not-seen", "database-not-seen", "database-not-told",
    "migration-not-seen-to-end",
    # of the keeper
    "colour-adopted", "colour-dead", "colour-drained", "colour-missing", "colour-not-ready", "colour-ready",
    "colour-restarted", "colour-retired", "colour-started", "colour-stopped", "guard-started", "guard-ended",
    "guard-hangs", "guard-not-started", "retirement-set", "taken-back-by-the-keeper", "requests-cut",
    "record-in-doubt", "carrier-adopted", "carrier-started", "carrier-ended", "carrier-does-not-begin",
    "carrier-disobeyed", "carrier-gone-meanwhile", "port-taken", "holder-renewed", "worker-began", "worker-ended",
    "worker-broken", "worker-leaves", "worker-cannot-begin", "worker-stays", "connections-lowered",
    "access-log-failed", "access-log-works", "certificate-not-renewed", "command-failed", "orphan-ended",
    "processes-left", "reserve-used", "route-not-written", "connections-full", "accept-failed", "connect-failed",
    "colour-unreachable", "route-written-in-doubt", "lock-taken-over", "lock-taken-from-one-who-hangs", "not-told",
)  # fmt: skip
"""What a receiver can be told of, in the spelling of settings."""
_OUTCOMES = {"deployed": "committed"}  # what people read at the end of a run, and the event that it is


def _is_event(value: str) -> str:
    pattern = value.replace(" ", "-")
    if not any(fnmatchcase(event, pattern) for event in EVENTS):
        meant = _OUTCOMES.get(pattern)
        hint = (
            nearest(meant or pattern, EVENTS)
            or "; the common ones are switched, committed, rolled-back, held and aborted"
        )
        raise ValueError(f"there is no such event{hint}")
    return value


class Notification(_Strict):
    """Who is told. A notification never fails a deploy.

    After the switch, whoever watches the release tells, even where the process that began the deploy is gone; only a
    webhook whose address is written down, and does not come by reference, is told as long as that process lives.
    """

    on: list[Annotated[str, AfterValidator(_is_event)]] = Field(
        default=["*"], description="events, such as `switched`, `rolled-back`; `*` is all"
    )
    webhook: Value | None = None
    command: list[str] | None = None
    timeout: float = Field(default=5, gt=0, le=60)

    @model_validator(mode="after")
    def _one(self) -> Notification:
        if (self.webhook is None) == (self.command is None):
            raise ValueError("wants either `webhook` or `command`")
        # Said of the whole: what belongs to one field is shown with its value, and the address is a secret as a rule.
        if isinstance(self.webhook, str) and not self.webhook.startswith(("http://", "https://")):
            raise ValueError("wants a `webhook` that begins with http:// or https://")
        return self


class KubernetesTarget(_Strict):
    """One Service whose selector decides, and a Deployment for each colour."""

    context: str
    namespace: str
    kubeconfig: str = ""
    service: str
    deployment: str = Field(
        description="manifest of the Deployment; `{colour}`, `{image}`, `{release}` and `{version}` are filled in"
    )
    image: str = Field(default="", description="image; `{version}` is filled in")
    entry: str = Field(description="address of the real entry, such as http://127.0.0.1:30080")
    lease: float = Field(default=15, ge=1, le=300, description="seconds after which a deployer that is silent is dead")


class DeploySettings(_Strict):
    """How this service is shipped to this environment."""

    strategy: Literal["blue-green"] = "blue-green"
    # A `~` of nobody's is a part of its name, as in `from-file`.
    state: Annotated[str, AfterValidator(os.path.expanduser)] = Field(
        default="",
        description="folder of the keeper's state; one of the user's, named after service and environment, where unset",
    )
    entry: EntrySettings = EntrySettings()
    release: ReleaseSettings = ReleaseSettings()
    run: RunSettings = RunSettings()
    kubernetes: KubernetesTarget | None = None
    migrations: MigrationSettings | None = None
    gates: GatesSettings = GatesSettings()
    bake: BakeSettings = BakeSettings()
    approval: Literal["none", "required"] = "none"
    keep: float = Field(default=600, ge=0, le=604800, description="seconds that the old release stays warm afterwards")
    data_unsafe: bool = Field(
        default=False, description="a release whose data the old one cannot read: never taken back by itself"
    )
    notify: list[Notification] = []
