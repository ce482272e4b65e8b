from readiness import Findings, Severity, check
from readiness.facts.dockerfile_runs import Run
from readiness.facts.dockerfiles import Dockerfiles, Stage
from readiness.facts.installs import Install, installs

_CACHES = {"apt-get": "/var/lib/apt", "apt": "/var/lib/apt", "apk": "/var/cache/apk", "pip": ".cache"}
_YES = frozenset({"1", "true", "yes", "on", "off"})  # pip reads any of these as set, as its documentation warns


@check(Severity.LOW)
def dockerfile_package_cache(dockerfiles: Dockerfiles) -> Findings:
    """Package managers leave no cache in the image.

    Why: a cache in a layer is megabytes that every node pulls before a pod can start, and that nothing ever reads.
    Fix: clean up in the same RUN (`&& rm -rf /var/lib/apt/lists/*`, `apk add --no-cache`, `dnf clean all`,
    `pip install --no-cache-dir`), or keep the cache out of the layer with `--mount=type=cache`.
    Peers: Trivy DS-0015, DS-0019, DS-0020 and DS-0025, hadolint DL3009, DL3019, DL3040 and DL3042, Dockle DKL-DI-0005.
    Source: Docker, "apt-get": https://docs.docker.com/build/building/best-practices/#apt-get
    """
    for stage, run in dockerfiles.runs(shipped=True):
        for install in installs(run.commands):
            wanted = _cleaned_by(install.manager)
            if wanted:
                clean = _keeps_nothing(install, stage, run)
                told = f"{install.manager} leaves its cache in the layer, wants {wanted}"
                yield stage.at_command(run, install.command, install.manager).expect(clean, told)


def _cleaned_by(manager: str) -> str:
    if manager in {"apt-get", "apt"}:
        return "rm -rf /var/lib/apt/lists/* in the same RUN"
    if manager in {"dnf", "yum", "microdnf", "zypper"}:
        return f"{manager} clean all in the same RUN"
    return {"apk": "--no-cache", "pip": "--no-cache-dir"}.get(manager, "")


def _keeps_nothing(install: Install, stage: Stage, run: Run) -> bool:
    if "type=cache" in run.instruction.flags.get("mount", ""):
        return True
    if install.manager in {"dnf", "yum", "microdnf", "zypper"}:
        return any(c.name == install.manager and c.arguments[:1] == ("clean",) for c in run.commands) or _removes(
            run, "/var/cache"
        )
    if install.manager == "pip":
        variable = (stage.variables.get("PIP_NO_CACHE_DIR") or "").lower()
        purged = any(c.arguments[:2] == ("cache", "purge") for c in run.commands)
        return install.has("--no-cache-dir", "--no-cache") or variable in _YES or purged or _removes(run, ".cache")
    return install.has("--no-cache") or _removes(run, _CACHES[install.manager])


def _removes(run: Run, folder: str) -> bool:
    removals = (command for command in run.commands if command.name == "rm")
    return any(folder in word for command in removals for word in command.arguments)
