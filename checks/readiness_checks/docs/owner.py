from readiness import Findings, Severity, check
from readiness.facts.catalog import Catalog
from readiness.facts.ownership import Owners
from readiness.facts.settings import ServiceSettings
from readiness.facts.workloads import Workloads


@check(Severity.HIGH)
def owner(owners: Owners, catalog: Catalog, service: ServiceSettings, workloads: Workloads) -> Findings:
    """It is written down who owns the service.

    Why: a service without an owner is repaired by whoever happens to look, or by nobody.
    Fix: name the team as `owner:` in the settings, in CODEOWNERS (a line for `*`), or in `catalog-info.yaml`.
    Peers: none.
    Source: Google SRE, "The Evolving SRE Engagement Model": https://sre.google/sre-book/evolving-sre-engagement-model/
    """
    if not workloads:
        return
    named = catalog.owners()
    for name, node in named:
        yield node.expect(ok=True, message=f"is owned by {name}")
    if service.owner:
        yield service.at("owner").expect(ok=True, message=f"is owned by {service.owner}")
    everything = [rule for rule in owners.rules if rule.pattern in {"*", "/", "/**", "**"} and rule.owners]
    if owners.file is not None and (everything or not (named or service.owner)):
        said = f"everything is owned by {', '.join(everything[-1].owners)}" if everything else "no line owns everything"
        line = everything[-1].line if everything else 1
        yield owners.file.at("*", line).expect(bool(everything), f"{said}, wants a line for *")
    if not (named or service.owner or owners.file):
        yield service.at("owner").expect(
            ok=False, message="no owner is named, wants one in the settings or in CODEOWNERS"
        )
