from collections.abc import Iterator
from typing import Any

from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects, Resource

_Route = tuple[str | int, ...]
_TEMPLATES = frozenset({"ConfigMap", "CustomResourceDefinition", "PrometheusRule", "Secret"})
# What Go's text/template and fmt print for a value that is not there.
_LEFT_OVER = ("<no value>", "%!s(", "%!d(", "%!v(", "<nil>")


@check(Severity.HIGH)
def rendered_values(objects: Rendered[Objects]) -> Findings:
    """No object carries the traces of a value that was missing when it was rendered.

    Why: Helm writes `<no value>` and goes on; the name, host or image that holds it then means nothing.
    Fix: give the value in the environment's values file, and guard it in the template with `required`.
    Peers: none.
    Source: Helm, "Chart Development Tips and Tricks", the `required` function:
        https://helm.sh/docs/howto/charts_tips_and_tricks/
    """
    for resource in objects:
        # These kinds carry templates of other programs: only their metadata is looked at.
        start: _Route = ("metadata",) if resource.kind in _TEMPLATES else ()
        found = list(_left_over(resource, start)) if _marked(resource.node.raw(*start)) else []
        for route, mark in found:
            yield resource.at(*route).expect(False, f"holds `{mark}`, wants a value")
        if not found:
            yield resource.at().expect(True, "holds no left-over of a template")


def _marked(value: Any) -> bool:
    """Whether there is a mark anywhere: cheaper than to keep the way to each text."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, str) and ("<" in one or "%!" in one) and _mark(one):
            return True
    return False


def _left_over(resource: Resource, start: _Route) -> Iterator[tuple[_Route, str]]:
    """The texts with marks, and the way to each."""
    todo: list[tuple[_Route, Any]] = [(start, resource.node.raw(*start))]
    while todo:
        route, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*route, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            todo += [((*route, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, str):
            mark = _mark(value)
            if mark:
                yield route, mark


def _mark(text: str) -> str:
    if "<" not in text and "%!" not in text:
        return ""
    return next((mark for mark in _LEFT_OVER if mark in text), "")
