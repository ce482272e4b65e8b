from readiness import Findings, Severity, check
from readiness.facts.paths import is_foreign, is_test
from readiness.facts.repository import Repository

_SUFFIXES = (
    ".exe", ".dll", ".so", ".dylib", ".jar", ".war", ".ear", ".class", ".pyc", ".pyo", ".o", ".a", ".lib", ".msi",
    ".deb", ".rpm",     ".apk", ".whl", ".egg", ".nupkg", ".wasm",
)  # fmt: skip
_BUILD_TOOLS = frozenset({"gradle-wrapper.jar", "maven-wrapper.jar"})


@check(Severity.MEDIUM)
def committed_binaries(repository: Repository) -> Findings:
    """No program is kept in the repository in compiled form.

    Why: nobody can review a binary, and nobody can tell from which source, with which faults, it was built.
    Fix: remove it and build it, or fetch it by its checksum, in the pipeline.
    Peers: OpenSSF Scorecard Binary-Artifacts.
    Source: OpenSSF Scorecard, "Binary-Artifacts":
    https://github.com/ossf/scorecard/blob/main/docs/checks.md#binary-artifacts
    """
    if not repository.tracked:
        return
    found = [
        file
        for file in repository.files.values()
        if file.name.lower().endswith(_SUFFIXES) and file.name not in _BUILD_TOOLS and not is_test(file.path)
    ]
    for file in found:
        kind = "a vendored binary" if is_foreign(file.path) else "a binary"
        yield file.at(1).expect(ok=False, message=f"is {kind} of {file.size} bytes, wants source", size=file.size)
    if not found and repository.files:
        yield repository.at("binaries").expect(ok=True, message="no compiled programs among the tracked files")
