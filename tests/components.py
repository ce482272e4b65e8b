"""Programs and services that some tests need and that a machine may lack.

A test says ``@pytest.mark.needs("helm")``. Where the component is missing the test is skipped, and the closing summary
names the component, how many tests it cost, and the command that brings it. Where ``READINESS_REQUIRE`` (names with
commas between them) lists the component, the test fails: a machine that promises it must not lose it in silence.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS_TO_ANSWER = 60
CLUSTER_VARIABLE = "READINESS_TEST_KUBECONFIG"
IMAGES_VARIABLE = "READINESS_TEST_LOAD_IMAGE"
CORPUS_VARIABLE = "READINESS_TEST_CORPUS"
REQUIRE_VARIABLE = "READINESS_REQUIRE"


class UnknownComponentError(ValueError):
    """A name that is not in ``COMPONENTS``."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"{where} names the component {name!r}; known are: {', '.join(sorted(COMPONENTS))}")


@dataclass(frozen=True, slots=True)
class Component:
    """Something outside the project that a test uses.

    ``lacking`` looks at the machine and says in a few words why the component cannot be used, or None when it can.
    ``bring`` is a command that a person can paste into a shell.
    """

    name: str
    bring: str
    lacking: Callable[[], str | None]


def _not_on_path(*programs: str) -> str | None:
    if any(shutil.which(program) for program in programs):
        return None
    return f"{' or '.join(programs)} not on PATH"


def _does_not_answer(*command: str) -> str | None:
    """Why the command does not end well, or None: a program on PATH can still be a stub or have no server."""
    missing = _not_on_path(command[0])
    if missing:
        return missing
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS_TO_ANSWER, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} gave no answer within {SECONDS_TO_ANSWER} s"
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        return f"{command[0]} ended with {done.returncode}: {words[-1][:120] if words else 'no word of why'}"
    return None


def _no_cluster() -> str | None:
    path = os.environ.get(CLUSTER_VARIABLE, "")
    if not path:
        return f"{CLUSTER_VARIABLE} is not set"
    if not Path(path).is_file():
        return f"{CLUSTER_VARIABLE} names {path}, which is not a file"
    return _does_not_answer("kubectl", "--kubeconfig", path, "--request-timeout=10s", "get", "--raw", "/readyz")


def _no_images() -> str | None:
    words = os.environ.get(IMAGES_VARIABLE, "").split()
    return _not_on_path(words[0]) if words else f"{IMAGES_VARIABLE} is not set"


def _no_postgresql() -> str | None:
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return _not_on_path("initdb")
    return None


def _no_haproxy() -> str | None:
    """Debian has it in a folder that is on the PATH of root alone."""
    found = shutil.which("haproxy", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    return _does_not_answer(found, "-v") if found else _not_on_path("haproxy")


def _no_corpus() -> str | None:
    path = os.environ.get(CORPUS_VARIABLE, "")
    if not path:
        return f"{CORPUS_VARIABLE} is not set"
    return None if Path(path).is_dir() else f"{CORPUS_VARIABLE} names {path}, which is not a folder"


COMPONENTS: Mapping[str, Component] = {
    component.name: component
    for component in (
        Component("git", "bash .ci/install git", lambda: _does_not_answer("git", "--version")),
        Component("kubectl", "bash .ci/install kubectl", lambda: _does_not_answer("kubectl", "version", "--client")),
        Component("kustomize", "bash .ci/install kustomize", lambda: _does_not_answer("kustomize", "version")),
        Component("helm", "bash .ci/install helm", lambda: _does_not_answer("helm", "version", "--short")),
        Component(
            "docker",
            "apt-get install -y docker.io && service docker start",
            lambda: _does_not_answer("docker", "version", "--format", "{{.Server.Version}}"),
        ),
        Component(
            "cluster", f"export {CLUSTER_VARIABLE}=FILE, a kubeconfig of a cluster that tests may change", _no_cluster
        ),
        Component(
            "images", f"export {IMAGES_VARIABLE}=COMMAND, which makes an image archive known to the node", _no_images
        ),
        Component("go", "apt-get install -y golang-go", lambda: _does_not_answer("go", "version")),
        Component(
            "corpus", f"export {CORPUS_VARIABLE}=FOLDER, with a folder of real manifests per project in it", _no_corpus
        ),
        Component(
            "chromium",
            "bash .ci/install chromium",
            lambda: _not_on_path("chromium", "chromium-browser", "google-chrome"),
        ),
        Component("postgresql", "bash .ci/install postgresql", _no_postgresql),
        Component("haproxy", "bash .ci/install haproxy", _no_haproxy),
        Component("prometheus", "bash .ci/install prometheus", lambda: _does_not_answer("prometheus", "--version")),
        Component("shellcheck", "bash .ci/install shellcheck", lambda: _does_not_answer("shellcheck", "--version")),
    )
}


def component(name: str, where: str) -> Component:
    """The component of that name. ``where`` says who asked, for the error.

    Raises ``UnknownComponentError``: a misspelt name would otherwise skip its test for ever.
    """
    try:
        return COMPONENTS[name]
    except KeyError:
        raise UnknownComponentError(name, where) from None


def required() -> frozenset[str]:
    """The names in ``READINESS_REQUIRE``. Raises ``UnknownComponentError``."""
    names = [name.strip() for name in os.environ.get(REQUIRE_VARIABLE, "").split(",")]
    return frozenset(component(name, REQUIRE_VARIABLE).name for name in names if name)
