from collections.abc import Iterator
from typing import Any

from readiness import Findings, Rendered, Severity, check
from readiness.facts.objects import Objects, Resource

_Route = tuple[str | int, ...]
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
        if resource.kind in {"ConfigMap", "CustomResourceDefinition", "PrometheusRule", "Secret"}:
            found = list(_left_over(resource, ("metadata",)))
        else:
            found = list(_left_over(resource, ()))
        for route, mark in found:
            yield resource.at(*route).expect(False, f"holds `{mark}`, wants a value")
        if not found:
            yield resource.at().expect(True, "holds no left-over of a template")


def _left_over(resource: Resource, start: _Route) -> Iterator[tuple[_Route, str]]:
    """Texts with marks. Objects that legitimately carry templates of other programs are looked at by their metadata."""
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
