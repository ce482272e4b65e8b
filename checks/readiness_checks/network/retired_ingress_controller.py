from readiness import Findings, Severity, check
from readiness.facts.ingress import NGINX, IngressClasses, Ingresses
from readiness.facts.security import PodSpecs, named

_CONTROLLER = "k8s.io/ingress-nginx"
_WANTED = "wants a controller that still gets security fixes"


@check(Severity.HIGH)
def retired_ingress_controller(ingresses: Ingresses, classes: IngressClasses, pods: PodSpecs) -> Findings:
    """Nothing depends on the retired ingress-nginx controller.

    Why: the project ended in March 2026: what is found in it since then, at the public edge, is not mended any more.
    Fix: move to a Gateway API implementation or another maintained ingress controller, and translate the annotations
        `nginx.ingress.kubernetes.io/*`.
    Peers: Kubescape C-0292.
    Source: Kubernetes, "Ingress NGINX Retirement": https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/
    """
    for ingress in ingresses:
        noted = sorted(key for key in ingress.resource.annotations if key.startswith(NGINX))
        controller = classes.controller(ingress.class_name)
        bad = bool(noted) or controller == _CONTROLLER
        if bad or controller or ingress.class_name not in {"", "nginx"}:  # `nginx` alone may be another project's class
            why = f"is annotated for it ({noted[0]})" if noted else f"uses the class {ingress.class_name}"
            place = ingress.at("metadata", "annotations", noted[0]) if noted else ingress.at("spec", "ingressClassName")
            yield place.expect(not bad, f"{why}, {_WANTED}")
    for ingress_class in classes:
        controller = ingress_class.node.text("spec", "controller") or ""
        yield ingress_class.at("spec", "controller").expect(
            controller != _CONTROLLER, f"is of the controller {controller}, {_WANTED}"
        )
    for pod in pods:
        for container in pod.containers:
            reference = container.reference
            if reference is not None and reference.repository.startswith("ingress-nginx/controller"):
                yield container.at("image").expect(False, f"{named(container)} runs {reference.repository}, {_WANTED}")
