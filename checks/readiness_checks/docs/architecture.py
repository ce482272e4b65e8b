from readiness import Findings, Severity, check
from readiness.facts.documentation import Documentation
from readiness.facts.workloads import Workloads

_DRAWINGS = (".drawio", ".puml", ".plantuml", ".mmd", ".dsl", ".excalidraw", ".drawio.svg", ".drawio.png", ".d2")


@check(Severity.LOW)
def architecture(documentation: Documentation, workloads: Workloads) -> Findings:
    """A page or a drawing shows what the service is made of and what it needs.

    Why: who does not know the parts looks for the fault in the wrong one.
    Fix: write `docs/architecture.md`: the parts, what each needs, and what happens when that is away.
    Peers: none.
    Source: Google SRE, "Launch Coordination Checklist": https://sre.google/sre-book/launch-checklist/
    """
    if not workloads:
        return
    pages = documentation.about("architecture", "system design", "overview of the system", "/adr", "design.md")
    drawings = [f for f in documentation.repository.files.values() if f.path.lower().endswith(_DRAWINGS)]
    sections = [p for p in documentation.pages.values() if p.heading("architecture", "how it works", "components")]
    for file in [*(p.file for p in pages), *drawings, *(p.file for p in sections)][:1]:
        yield file.at(1).expect(ok=True, message="shows the parts")
    if not (pages or drawings or sections):
        yield documentation.repository.at("architecture").expect(
            ok=False, message="no page shows the parts of the service, wants docs/architecture.md"
        )
