from readiness import Findings, Severity, check
from readiness.facts.dockerfile_runs import Run
from readiness.facts.dockerfiles import Dockerfiles, Stage
from readiness.facts.installs import SYSTEM, installs

_TOOLS = frozenset(
    {
        "autoconf",
        "automake",
        "build-base",
        "build-essential",
        "cargo",
        "clang",
        "cmake",
        "g++",
        "gcc",
        "go",
        "golang",
        "gradle",
    }
    | {"make", "maven", "musl-dev", "python3-dev", "rust", "rustc"}
)
_TOOL_IMAGES = frozenset({"gcc", "golang", "gradle", "maven", "rust", "sbt", "dotnet/sdk"})


@check(Severity.LOW)
def dockerfile_build_tools(dockerfiles: Dockerfiles) -> Findings:
    """No compiler or build tool is left in an image.

    Why: they multiply size and known vulnerabilities, and whoever gets in finds the tools to go on already there.
    Fix: build in a stage of its own and copy the result: `COPY --from=build /out/server /server`.
    Peers: none.
    Source: Docker, "Multi-stage builds": https://docs.docker.com/build/building/multi-stage/
    """
    for dockerfile in dockerfiles:
        bad = False
        for stage in dockerfile.shipped:
            if _is_tool_image(stage):
                bad = True
                yield stage.at().expect(False, f"ships {stage.base} with its build tools, wants a base to run in")
            for run in stage.runs:
                for install in installs(run.commands):
                    left = sorted({w.text.partition("=")[0] for w in install.packages} & _TOOLS)
                    if install.manager in SYSTEM and left and not _removes(run):
                        bad = True
                        told = f"leaves {', '.join(left)} in the image, wants a stage of its own for building"
                        yield stage.at_command(run, install.command, install.manager).expect(False, told, packages=left)
        if not bad and dockerfile.final:
            yield dockerfile.final.at().expect(True, "ships no build tools")


def _is_tool_image(stage: Stage) -> bool:
    image = stage.image
    return image is not None and (image.repository.removeprefix("library/") in _TOOL_IMAGES)


def _removes(run: Run) -> bool:
    """Whether the same RUN takes away what it installed."""
    verbs = {"autoremove", "del", "erase", "purge", "remove"}
    return any(c.name in SYSTEM and verbs & set(c.arguments) for c in run.commands)
