from readiness import Findings, Severity, check
from readiness.facts.dockerfiles import Dockerfiles
from readiness.facts.supported import RuntimePins
from readiness.facts.versions import Version

_IMAGES = {"python": "Python", "node": "Node.js", "ruby": "Ruby", "php": "PHP"}


@check(Severity.LOW)
def runtime_pinned(pins: RuntimePins, dockerfiles: Dockerfiles) -> Findings:
    """Developers and images run the same version of a language.

    Why: what was tested on one version of the runtime is shipped on another.
    Fix: write the version into `.python-version`, `.nvmrc`, `.ruby-version` or `.tool-versions`, the same as in the
    base image.
    Peers: none.
    Source: The Twelve-Factor App, "Dev/prod parity": https://12factor.net/dev-prod-parity
    """
    shipped: dict[str, set[str]] = {}
    for stage in dockerfiles.stages():
        image = stage.image
        runtime = _IMAGES.get(image.repository.rpartition("/")[2]) if image else None
        version = Version.read(image.tag) if image else None
        if runtime and version:
            shipped.setdefault(runtime, set()).add(".".join(map(str, version.numbers)))
    for pin in pins:
        images = sorted(shipped.get(pin.runtime, ()))
        versions = [v for text in images if (v := Version.read(text)) is not None]
        fits = all(pin.version.within(v) or v.within(pin.version) for v in versions)
        seen = f", images use {', '.join(images)}" if images else ""
        yield pin.place.expect(fits, f"{pin.runtime} {pin.text}{seen}, wants the same version", images=images)
    pinned = {pin.runtime for pin in pins}
    for runtime in pins.wanted:
        if runtime not in pinned and runtime in shipped:
            used = f"{runtime} {', '.join(sorted(shipped[runtime]))}"
            yield pins.repository.at(runtime).expect(
                ok=False,
                message=f"images use {used} and no version file says so, wants one",
            )
