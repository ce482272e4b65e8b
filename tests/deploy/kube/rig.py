"""A service in a namespace of a real cluster, its image made here, and deployers that are processes of their own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components import CLUSTER_VARIABLE, IMAGES_VARIABLE

HERE = Path(__file__).parent
IMAGE = "readiness.test/app:1"
LONG = 120.0
# What distinguishes the versions of the service: variables of its container.
VERSIONS: Mapping[str, Mapping[str, str]] = {
    "bad": {"BAD_AFTER": "40"},
    "crashing": {"CRASH": "yes"},
}


def image(cache: Path) -> Path:
    """The archive of the service's image: one static program and nothing else. Built once for each source."""
    sources = sorted((HERE / "app").iterdir())
    digest = hashlib.sha256(b"\0".join(s.read_bytes() for s in sources)).hexdigest()[:12]
    archive = cache / f"kubernetes-app-{digest}.tar"
    if archive.exists():
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    program = cache / f"kubernetes-app-{digest}"
    build = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(program), "."]
    subprocess.run(build, cwd=HERE / "app", env={**os.environ, "CGO_ENABLED": "0"}, check=True, timeout=300)
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(program, "app")
    blob = layer.getvalue()
    layers = {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(blob).hexdigest()]}
    config = {"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/app"]}, "rootfs": layers}
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    parts = {
        "config.json": json.dumps(config).encode(),
        "layer.tar": blob,
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(archive.with_suffix(".new"), "w") as tar:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    archive.with_suffix(".new").rename(archive)
    return archive


@dataclass
class End:
    """How a deployer ended. `events` are those of its journal."""

    code: int
    said: dict[str, Any]
    events: list[dict[str, Any]]
    began: float
    seconds: float

    def when(self, what: str) -> float:
        return float(next(e["at"] for e in self.events if e["what"] == what))


@dataclass
class Shop:
    """One service: its Service with a NodePort, its settings, and those who deploy to it."""

    folder: Path
    kubeconfig: str
    namespace: str
    port: int = 0
    replicas: int = 2
    settings: dict[str, Any] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)

    @property
    def entry(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kubectl(self, *words: str, stdin: str = "") -> str:
        surroundings = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "KUBECONFIG": self.kubeconfig}
        command = ["kubectl", "--cache-dir", str(self.folder / "cache"), "-n", self.namespace, *words]
        done = subprocess.run(command, env=surroundings, input=stdin, text=True, capture_output=True, timeout=LONG)
        assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr}"
        return done.stdout

    def begin(self) -> None:
        self.kubectl("create", "namespace", self.namespace)
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "shop"},
            "spec": {"type": "NodePort", "selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 8080}]},
        }
        self.kubectl("apply", "-f", "-", stdin=json.dumps(service))
        self.port = int(self.kubectl("get", "service", "shop", "-o", "jsonpath={.spec.ports[0].nodePort}"))
        context = self.kubectl("config", "current-context").strip()
        self.settings = {
            "kubernetes": {
                "context": context,
                "namespace": self.namespace,
                "kubeconfig": self.kubeconfig,
                "service": "shop",
                "deployment": "deployment.json",
                "entry": self.entry,
                "lease": 2,
            },
            "run": {"identity": {"header": "X-Release"}, "ready": {"within": 60, "min-ready": 0.2}},
            "bake": {"seconds": 1.5, "identities": 3},
            "gates": {"after": [{"name": "home", "http": {"path": "/"}, "interval": 0.4}]},
            "keep": 600,
        }

    def end(self) -> None:
        self.kubectl("delete", "namespace", self.namespace, "--wait=false")

    def account(self, rights: list[dict[str, Any]]) -> str:
        """The path of a kubeconfig for an account that has these rights in the namespace, and no others."""
        self.kubectl("create", "serviceaccount", "robot")
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "robot"}}
        self.kubectl("apply", "-f", "-", stdin=json.dumps({**role, "rules": rights}))
        self.kubectl("create", "rolebinding", "robot", "--role=robot", f"--serviceaccount={self.namespace}:robot")
        token = self.kubectl("create", "token", "robot", "--duration=1h").strip()
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        config["users"] = [{"name": "robot", "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = "robot"
        file = self.folder / "robot.kubeconfig"
        file.write_text(json.dumps(config))
        file.chmod(0o600)
        return str(file)

    def deployer(
        self, what: str, version: str = "", *, kill_at: str = "", take_over: bool = False
    ) -> subprocess.Popen[str]:
        """A deployer that runs beside the test. Each version is a folder with settings and manifest."""
        folder = self.folder / (version or "none")
        folder.mkdir(exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(self.settings))
        (folder / "deployment.json").write_text(json.dumps(self.manifest(version)))
        command = [sys.executable, str(HERE / "deployer.py"), str(folder / "settings.json"), what]
        surroundings = {**os.environ, "KILL_AT": kill_at, "TAKE_OVER": "hurry" if take_over else ""}
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, version] if version else command,
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.began[process.pid] = began
        return process

    def manifest(self, version: str) -> dict[str, Any]:
        kind = version.rpartition("-")[2]
        variables = {"VERSION": "{version}", **VERSIONS.get(kind, {})}
        container = {
            "name": "app",
            "image": "readiness.test/absent:1" if kind == "absent" else IMAGE,
            "imagePullPolicy": "Never",
            "env": [{"name": n, "value": v} for n, v in variables.items()],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "any"},
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": {"app": "shop"}},
                "template": {
                    "metadata": {"labels": {"app": "shop", "version": "{version}"}},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 10},
                },
            },
        }

    def wait(self, process: subprocess.Popen[str]) -> End:
        out, err = process.communicate(timeout=LONG)
        lines = [line for line in out.splitlines() if line.startswith("{")]
        events = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
        assert lines, err
        began = self.began[process.pid]
        return End(process.returncode, json.loads(lines[-1]), events, began, time.monotonic() - began)

    def run(self, what: str, version: str = "", *, kill_at: str = "") -> End:
        return self.wait(self.deployer(what, version, kill_at=kill_at))

    def record(self) -> dict[str, Any]:
        return dict(json.loads(self.service()["metadata"]["annotations"]["readiness/rollout"]))

    def service(self) -> dict[str, Any]:
        return dict(json.loads(self.kubectl("get", "service", "shop", "-o", "json")))

    def release(self) -> str:
        """The release that one request through the entry came back with."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/")
            return connection.getresponse().getheader("X-Release") or ""
        finally:
            connection.close()

    @contextmanager
    def load(self, rate: int = 100, *, keep_alive: bool = True) -> Iterator[dict[str, Any]]:
        """Requests all along; the account is complete once the block is left. A connection that is kept stays with the
        pod that it once reached, so that only new ones show where the Service leads."""
        until, account = self.folder / f"until-{uuid.uuid4().hex}", dict[str, Any]()
        command = [sys.executable, "-m", "readiness_prove.load", self.entry + "/", "--rate", str(rate)]
        command += ["--seconds", "240", "--release-header", "X-Release", "--echo-header", "X-Request-Id"]
        command += ["--json", "--lag-bound", "60000", "--until-file", str(until)]
        command += ["--keep-alive" if keep_alive else "--no-keep-alive"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield account
        finally:
            until.touch()
            out, err = process.communicate(timeout=LONG)
            account["exit"], account["err"] = process.returncode, err
            if out.strip():
                account.update(json.loads(out.splitlines()[-1]))


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """A service of its own; its namespace goes at the end."""
    made = Shop(folder, os.environ[CLUSTER_VARIABLE], f"readiness-test-{uuid.uuid4().hex[:8]}")
    made.begin()
    try:
        yield made
    finally:
        made.end()


def load_image(cache: Path) -> None:
    """Make the image known to the node, by the command that the surroundings name."""
    command = shlex.split(os.environ[IMAGES_VARIABLE])
    subprocess.run([*command, str(image(cache))], check=True, capture_output=True, timeout=600)
