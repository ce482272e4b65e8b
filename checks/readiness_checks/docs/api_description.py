from readiness import Findings, Severity, check
from readiness.facts.apidocs import ApiDescriptions

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


@check(Severity.LOW)
def api_description(descriptions: ApiDescriptions) -> Findings:
    """Every OpenAPI file describes its operations and their answers.

    Why: clients are generated from the file; what it leaves out they cannot handle, least of all the errors.
    Fix: give `info.title`, `info.version`, at least one path, and for each operation its responses.
    Peers: none.
    Source: OpenAPI Specification 3.1: https://spec.openapis.org/oas/v3.1.0
    """
    for node in descriptions:
        faults = 0
        for field in ("title", "version"):
            if not node.text("info", field):
                faults += 1
                yield node.at("info").expect(ok=False, message=f"has no info.{field}, wants one")
        if not node.mapping("paths") and not node.mapping("webhooks"):
            faults += 1
            yield node.at("paths").expect(ok=False, message="describes no paths, wants one")
        for path, item in node.entries("paths"):
            for method, operation in item.entries():
                if method in _METHODS and not operation.mapping("responses"):
                    faults += 1
                    yield operation.expect(ok=False, message=f"{method.upper()} {path} has no responses, wants them")
        if not faults:
            yield node.expect(ok=True, message="describes its operations")
