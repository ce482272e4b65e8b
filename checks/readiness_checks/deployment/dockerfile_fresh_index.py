from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.installs import installs

_APT = frozenset({"apt", "apt-get"})


@check(Severity.MEDIUM)
def dockerfile_fresh_index(dockerfiles: Dockerfiles) -> Findings:
    """The package index is updated in the very RUN that installs from it.

    Why: an index in a layer of its own comes from the cache for months: builds fail on vanished versions, or install
    old ones.
    Fix: write `RUN apt-get update && apt-get install --no-install-recommends --yes …`.
    Peers: Trivy DS-0017, Checkov CKV_DOCKER_5, hadolint DL3009.
    Source: Docker, "apt-get": https://docs.docker.com/build/building/best-practices/#apt-get
    """
    for stage, run in dockerfiles.runs():
        if "type=cache" in run.instruction.flags.get("mount", ""):
            continue
        updates = [c for c in run.commands if c.name in _APT and "update" in c.arguments]
        asked = [
            i for i in installs(run.commands) if i.manager in _APT and not all(_is_local(w.text) for w in i.packages)
        ]
        for install in asked:
            fresh = any(update.at <= install.command.at for update in updates)
            told = "installs from an index of another layer, wants apt-get update in the same RUN"
            yield stage.at_command(run, install.command).expect(fresh, told)
        if updates and not asked and not any(c.name in _APT and "update" not in c.arguments for c in run.commands):
            told = "updates the index in a layer of its own, wants it in the RUN that installs"
            yield stage.at_command(run, updates[0]).expect(False, told)


def _is_local(package: str) -> bool:
    return package.endswith(".deb") and "/" in package
