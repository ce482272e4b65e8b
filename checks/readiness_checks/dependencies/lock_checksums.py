from readiness import Findings, Severity, check
from readiness.facts.packages import Packages


@check(Severity.LOW)
def lock_checksums(packages: Packages) -> Findings:
    """Every lock file carries a checksum for each package.

    Why: a version number does not say that the archive behind it is still the one that was reviewed; a checksum does.
    Fix: make the lock with checksums (`pip-compile --generate-hashes`, `uv pip compile --generate-hashes`), and
    install with
    `--require-hashes`.
    Peers: OpenSSF Scorecard Pinned-Dependencies.
    Source: pip, "Secure installs": https://pip.pypa.io/en/stable/topics/secure-installs/
    """
    seen = set()
    for project in packages:
        lock = project.lock
        if lock is None or lock.hashed is None or lock.fault or lock.file.path in seen:
            continue
        seen.add(lock.file.path)
        said = "carries a checksum for each package" if lock.hashed else "has packages without a checksum"
        yield lock.file.at("checksums", 1).expect(lock.hashed, f"{said}, wants one for each")
