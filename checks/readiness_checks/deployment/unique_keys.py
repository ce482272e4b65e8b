from readiness import Findings, Severity, check
from readiness.facts.writings import Writings


@check(Severity.HIGH)
def unique_keys(writings: Writings) -> Findings:
    """No mapping in a manifest has the same key twice.

    Why: kubectl keeps the last one without a word, so what a reviewer reads first is not what runs.
    Fix: delete one of the two keys.
    Peers: kubeconform (strict mode).
    Source: YAML 1.2.2, section 3.2.1.1: mapping keys are unique. https://yaml.org/spec/1.2.2/
    """
    for file in writings:
        twice = [remark for remark in file.remarks if remark.kind == "duplicate-key"]
        for remark in twice:
            yield remark.at.expect(False, remark.message)
        if not twice:
            yield file.at.expect(True, "has every key once")
