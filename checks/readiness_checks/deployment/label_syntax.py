from collections.abc import Iterator

from readiness import Findings, Rendered, Severity, check
from readiness.facts.naming import annotation_key_fault, label_faults
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.workloads import Workloads

_SELECTORS = (("spec", "selector", "matchLabels"), ("spec", "podSelector", "matchLabels"))


@check(Severity.HIGH)
def label_syntax(objects: Rendered[Objects], workloads: Rendered[Workloads]) -> Findings:
    """Every label and annotation is written as Kubernetes accepts it.

    Why: one label with a blank or 64 characters makes the API server refuse the whole object.
    Fix: use letters, digits, `-`, `_` and `.`, at most 63 characters; put free text into an annotation.
    Peers: kube-score label-values.
    Source: Kubernetes, "Labels and Selectors", syntax and character set:
        https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    for resource in objects:
        faults = [*_of_labels(resource), *_of_annotations(resource.get("metadata", "annotations"))]
        yield from (node.expect(False, message) for node, message in faults)
        if not faults and (resource.labels or resource.annotations):
            yield resource.at("metadata", "labels").expect(True, "has labels and annotations that fit")
    for workload in workloads:
        metadata = workload.template.get("metadata")
        if workload.kind != "Pod":
            for node, message in [*label_faults(metadata.get("labels")), *_of_annotations(metadata.get("annotations"))]:
                yield node.expect(False, message)


def _of_labels(resource: Resource) -> Iterator[tuple[Node, str]]:
    yield from label_faults(resource.get("metadata", "labels"))
    for route in _SELECTORS:
        yield from label_faults(resource.get(*route))
    if resource.kind == "Service":
        yield from label_faults(resource.get("spec", "selector"))


def _of_annotations(annotations: Node) -> Iterator[tuple[Node, str]]:
    for key, value in annotations.entries():
        fault = annotation_key_fault(key)
        if fault:
            yield value, f"annotation key `{key[:80]}` {fault}"
