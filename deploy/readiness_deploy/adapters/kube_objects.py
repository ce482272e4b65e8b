"""What the objects of a colour look like, and what they say: functions of objects alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.sources.manifests.reader import read_bytes
from readiness_deploy.adapters.kube_api import Body
from readiness_deploy.ports import ColourView, Standing
from readiness_deploy.record import Release
from readiness_deploy.states import COLOURS, Colour

COLOUR = "readiness/colour"
RELEASE = "readiness/release"
SERVICE = "readiness/service"
EPOCH = "readiness/epoch"
RECORD = "readiness/rollout"
REQUEST = "readiness/request"
NOBODY = "none"  # the colour that the selector names while nothing is deployed
ANNOTATIONS = "/metadata/annotations"
TEMPLATE = "deployment"  # the key of a release's ConfigMap

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PLACEHOLDER = re.compile(r"\{(colour|image|release|version)\}")
# A container that waits for one of these does not come up by waiting longer.
_TERMINAL = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)


class Misfit(Exception):
    """A manifest that no colour can be made of. The text says what was wanted, and what was found."""


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with these placeholders filled in, such as `{image}`; others stay."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def colour_name(service: str, colour: Colour) -> str:
    """The name of a colour's Deployment."""
    return f"{service}-{colour}"


def deployment(template: str, service: str, colour: Colour, release: Release, epoch: int) -> Body:
    """The Deployment of a release in a colour. Raises Misfit."""
    body = parsed(filled(template, {"colour": colour}), "the Deployment of release " + release.id)
    labels = {SERVICE: service, COLOUR: colour, RELEASE: label(release.id)}
    metadata, spec = _inner(body, "metadata"), _inner(body, "spec")
    pod, chosen = _inner(spec, "template"), _inner(spec, "selector")
    about = _inner(pod, "metadata")
    pod_spec = _inner(pod, "spec")
    pod_spec["containers"] = [_told(c, release, colour) for c in pod_spec.get("containers") or ()]
    pod.update(metadata={**about, "labels": {**_inner(about, "labels"), **labels}}, spec=pod_spec)
    chosen["matchLabels"] = {**_inner(chosen, "matchLabels"), **labels}
    spec.update(template=pod, selector=chosen)
    kept = {k: v for k, v in metadata.items() if k in ("labels", "annotations")}
    named = {
        "name": colour_name(service, colour),
        "labels": {**_inner(kept, "labels"), **labels},
        "annotations": {**_inner(kept, "annotations"), EPOCH: str(epoch)},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": spec}


def parsed(text: str, where: str) -> Body:
    """The one Deployment that the text describes. Raises Misfit."""
    reading = read_bytes(text.encode(), where)
    for problem in reading.problems:
        if problem.fatal:
            raise Misfit(f"{where}:{problem.line}: {problem.message}")
    found = [d.value for d in reading.documents if d.value]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise Misfit(f"{where}: wanted one Deployment, found {len(found)} documents")
    body = found[0]
    said = f"{body.get('apiVersion')} {body.get('kind')}"
    if said != "apps/v1 Deployment":
        raise Misfit(f"{where}: wanted an apps/v1 Deployment, found {said}")
    if not _inner(_inner(_inner(body, "spec"), "template"), "spec").get("containers"):
        raise Misfit(f"{where}: spec.template.spec.containers is missing")
    return body


def label(value: str) -> str:
    """A value that a label may have. Raises Misfit."""
    if not _LABEL.fullmatch(value):
        raise Misfit(f"{value!r} cannot be the value of a label: wanted at most 63 of A-Z a-z 0-9 . _ -")
    return value


def _inner(body: Mapping[str, Any], field: str) -> Body:
    """A copy of the mapping in a field, empty where there is none. Raises Misfit for anything else."""
    value = body.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Misfit(f"the manifest's {field}: wanted a mapping, found {type(value).__name__}")
    return dict(value)


def _told(container: Any, release: Release, colour: Colour) -> Body:
    """The container with variables that tell it which release it is, where the manifest does not set them itself."""
    if not isinstance(container, dict):
        raise Misfit("the manifest's containers: wanted mappings")
    given = list(container.get("env") or ())
    names = {one.get("name") for one in given if isinstance(one, dict)}
    more = {"READINESS_RELEASE": release.id, "READINESS_COLOUR": colour}
    return {**container, "env": [*given, *({"name": n, "value": v} for n, v in more.items() if n not in names)]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One colour at one moment. `addresses` are those of its ready pods, `period` the seconds between two probes."""

    release: str = ""
    standing: Standing = Standing.ABSENT
    restarts: int = 0
    why: str = ""
    addresses: frozenset[str] = frozenset()
    period: float = 10.0
    who: frozenset[str] = frozenset()


def seen(found: Body | None, pods: Sequence[Body]) -> Seen:
    """A colour by its Deployment and all pods with its labels. READY only where all pods that are wanted are ready, all
    of the same release, and no other one is left."""
    left = [p for p in pods if "deletionTimestamp" not in p["metadata"]]
    if found is None or not lives(found):
        return Seen(standing=Standing.STOPPING if pods else Standing.ABSENT)
    release = labels_of(found).get(RELEASE, "")
    mine = [p for p in left if labels_of(p).get(RELEASE) == release]
    ready = [p for p in mine if _is_ready(p)]
    wanted, why = int(found["spec"].get("replicas", 1)), _terminal(mine)
    standing = Standing.STARTING
    if why:
        standing = Standing.DEAD
    elif _is_rolled_out(found, wanted) and len(ready) == len(mine) == len(left) == wanted:
        standing = Standing.READY
    else:
        why = _waits(found, wanted, len(ready), len(left) - len(mine), mine)
    return Seen(
        release=release,
        standing=standing,
        restarts=sum(int(c.get("restartCount", 0)) for p in mine for c in _containers(p)),
        why=why,
        addresses=frozenset(str(p["status"].get("podIP")) for p in ready),
        period=_period(found),
        who=frozenset(str(p["metadata"].get("uid")) for p in ready),
    )


def view(now: Seen, ready_for: float, served: bool) -> ColourView:
    """In the words of the ports. `served` is whether it was ready before; probes are counted by their period."""
    probes = int(ready_for / now.period)
    standing = Standing.UNREADY if served and now.standing is Standing.STARTING else now.standing
    return ColourView(
        release=now.release,
        standing=standing,
        restarts=now.restarts,
        probes=probes,
        streak=probes,
        ready_for=ready_for,
        why=now.why,
    )


def lives(found: Body) -> bool:
    """Whether a Deployment is meant to run."""
    return "deletionTimestamp" not in found["metadata"] and bool(found["spec"].get("replicas", 1))


def selector(service: Body) -> dict[str, str]:
    """What a Service selects by; empty where it selects nothing."""
    return dict(service["spec"].get("selector") or {})


def pointer(annotation: str) -> str:
    """Where a JSON Patch finds an annotation."""
    return f"{ANNOTATIONS}/{annotation.replace('~', '~0').replace('/', '~1')}"


def labels_of(body: Body) -> dict[str, str]:
    return body["metadata"].get("labels") or {}


def epoch_of(body: Body) -> int:
    """The epoch under which an object was last touched; 0 where nothing says so."""
    said = str((body["metadata"].get("annotations") or {}).get(EPOCH, ""))
    return int(said) if said.isascii() and said.isdecimal() else 0


def selected(wanted: Mapping[str, str], deployments: Mapping[Colour, Body | None]) -> frozenset[Colour]:
    """The colours whose pods a selector really selects: by the labels of the pods that there are, or would be."""
    return frozenset(c for c in COLOURS if _selects(wanted, c, deployments.get(c)))


def _selects(wanted: Mapping[str, str], colour: Colour, found: Body | None) -> bool:
    if found is None:
        return wanted.get(COLOUR) == colour
    labels = found["spec"]["template"]["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in wanted.items())


def addresses(slices: Sequence[Body]) -> frozenset[str]:
    """Where the endpoints of a Service lead to: all that are ready."""
    return frozenset(
        str(address)
        for one in slices
        for endpoint in one.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready", True)
        for address in endpoint.get("addresses") or ()
    )


def _is_ready(pod: Body) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _is_rolled_out(found: Body, wanted: int) -> bool:
    status = found.get("status") or {}
    if int(status.get("observedGeneration", 0)) < int(found["metadata"].get("generation", 0)):
        return False
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return all(int(status.get(name, 0)) == wanted for name in counts)


def _containers(pod: Body) -> list[Body]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _terminal(pods: Sequence[Body]) -> str:
    for pod in pods:
        for container in _containers(pod):
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in _TERMINAL:
                said = f" ({waiting['message']})" if waiting.get("message") else ""
                where = f"container {container.get('name')} of {pod['metadata']['name']}"
                return f"{where}: {waiting['reason']}{said}"[:400]
        if pod.get("status", {}).get("phase") == "Failed":
            return f"pod {pod['metadata']['name']} failed: {pod['status'].get('reason') or 'it ended'}"
    return ""


def _waits(found: Body, wanted: int, ready: int, strangers: int, pods: Sequence[Body]) -> str:
    """What it still waits for, in words."""
    for condition in (found.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return str(condition.get("message", ""))[:300]
    for pod in pods:
        for condition in pod.get("status", {}).get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
                return f"{pod['metadata']['name']} has no node: {condition.get('message', '')}"[:300]
    said = f"{ready} of {wanted} pods are ready"
    return said + (f", {strangers} of another release are left" if strangers else "")


def _period(found: Body) -> float:
    """The longest time between two readiness probes of a pod."""
    containers = found["spec"]["template"]["spec"].get("containers") or ()
    periods = [float((c.get("readinessProbe") or {}).get("periodSeconds", 10)) for c in containers]
    return max([1.0, *periods])
