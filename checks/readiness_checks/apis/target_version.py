from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects
from readiness.facts.releases import Aim, Apis, Release
from readiness.facts.settings import ServiceSettings


@check(Severity.LOW)
def target_version(objects: Rendered[Objects], apis: Apis, settings: ServiceSettings) -> Findings:
    """The settings name the Kubernetes release of the environment.

    Why: which APIs and fields exist depends on the release; a guess is right until the cluster is older or newer
        than it.
    Fix: set `kubernetes` of the environment in the settings to the cluster's minor release.
    Peers: none; kube-score and Pluto fall back to a default release in silence.
    Source: Kubernetes, "Version Skew Policy": https://kubernetes.io/releases/version-skew-policy/
    """
    if not any(apis.built_in(resource) for resource in objects):
        return
    place = settings.at("kubernetes")
    release = Release.parse(settings.kubernetes)
    if not settings.kubernetes:
        yield place.expect(False, f"names no Kubernetes release, {Aim.of(apis, '').release} was assumed")
    elif release is None:
        yield place.expect(False, f"says `{settings.kubernetes}`, wants a release such as {apis.newest}")
    else:
        known = release <= apis.newest
        said = f"names {release}" + ("" if known else f", newer than {apis.newest}, the newest known here")
        yield place.expect(known, said)
