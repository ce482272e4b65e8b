from typing import Annotated

from readiness import Findings, Severity, Stricter, check
from readiness.facts.dockerfile_text import Instruction
from readiness.facts.dockerfiles import Dockerfile, Dockerfiles
from readiness.facts.ignorefiles import DockerIgnores


@check(Severity.MEDIUM)
def dockerignore(
    dockerfiles: Dockerfiles,
    ignores: DockerIgnores,
    *,
    excluded: Annotated[tuple[str, ...], "paths that no build may see", Stricter.MORE] = (".git/config", ".env"),
) -> Findings:
    """Where a whole folder is copied into an image, history and secrets are kept out of it.

    Why: `COPY . .` takes along what lies in a developer's folder: the git history, `.env` files, keys.
    Fix: add a `.dockerignore` with `.git` and `.env`; better, begin it with `*` and take back what is needed (`!src`).
    Peers: none.
    Source: Docker, ".dockerignore files": https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    for dockerfile in dockerfiles:
        copies = [
            (s, i) for s in dockerfile.stages for i in s.each("COPY", "ADD") if "from" not in i.flags and _is_whole(i)
        ]
        for stage, instruction in copies:
            found = ignores.of(dockerfile.path, _context(dockerfile, ignores))
            seen = [path for path in excluded if found is None or not found.excludes(path)]
            who = f"{found.path} lets" if found else "no .dockerignore: the build sees"
            told = f"{who} {', '.join(seen)}{' in' if found else ''}, wants them excluded"
            yield stage.at(instruction).expect(not seen, told, absence=() if found else ("Dockerfile",))


def _is_whole(instruction: Instruction) -> bool:
    items = instruction.items or instruction.text.split()
    return any(source.strip("\"'") in {".", "./", "/", "*", "./*"} for source in items[:-1])


def _context(dockerfile: Dockerfile, ignores: DockerIgnores) -> str:
    """The folder it is most likely built in: the nearest one above it with a `.dockerignore`."""
    folder = dockerfile.file.folder
    while folder and f"{folder}/.dockerignore" not in ignores.files:
        folder = folder.rpartition("/")[0]
    return folder
