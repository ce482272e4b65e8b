from readiness import Findings, Severity, check
from readiness.facts.encryption import MeshPolicies


@check(Severity.MEDIUM)
def mesh_mtls(policies: MeshPolicies) -> Findings:
    """The mesh takes encrypted and authenticated connections only.

    Why: in the mode PERMISSIVE the proxy still takes clear text from anybody, so that neither encryption nor identity
        is certain.
    Fix: set `mtls.mode: STRICT` in the PeerAuthentication; keep PERMISSIVE for the days of a migration, with a
        waiver.
    Peers: none.
    Source: Istio, "PeerAuthentication": https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """
    for node, mode, wanted in policies.modes():
        yield node.expect(mode in wanted, f"has the mode {mode}, wants {' or '.join(sorted(wanted))}")
