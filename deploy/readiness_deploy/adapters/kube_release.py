"""A release for a cluster: a Deployment's manifest with image and version filled in, kept in the cluster itself.

Whoever resumes or rolls back, from whatever machine, finds there what to start. A release is never changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from readiness.config.deploy import DeploySettings
from readiness_deploy.adapters import kube_objects as objects
from readiness_deploy.adapters.kube_api import Api, Body, Declined
from readiness_deploy.ports import Illegal
from readiness_deploy.record import Release

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,100}")
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@+-]{0,250}")
_WILD = re.compile(r"[^A-Za-z0-9._-]+")
_LABEL = 40


def make(settings: DeploySettings, root: Path, version: str) -> tuple[Release, str]:
    """The release of a version, and the manifest that belongs to it, `{colour}` left open. Raises Illegal.

    `root` is the folder of the settings. The same manifest, image and settings are the same release.
    """
    target = settings.kubernetes
    if target is None:
        raise Illegal("`deploy.kubernetes` is not set")
    if not settings.run.identity.header:
        raise Illegal("`run.identity.header` is missing: answers must say which release gave them (READINESS_RELEASE)")
    if not _VERSION.fullmatch(version):
        raise Illegal(f"wanted a version such as v1.2.3, which `image` is filled in with, found {version!r}")
    image = objects.filled(target.image, {"version": version})
    if target.image and not _IMAGE.fullmatch(image):
        raise Illegal(f"`kubernetes.image` wants the name of an image, found {image!r}")
    path = root / target.deployment
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise Illegal(f"the manifest {path} cannot be read: {fault}") from None
    text = objects.filled(text, {"version": version, "image": image or "{image}"})
    return _sealed(settings, version, image, text, str(path))


def publish(api: Api, service: str, release: Release, template: str) -> None:
    """Keep the release in the cluster, where it is not yet. Raises Illegal, Lost."""
    name = str(release.details["config-map"])
    body: Body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {objects.SERVICE: service, objects.RELEASE: objects.label(release.id)}},
        "immutable": True,
        "data": {objects.TEMPLATE: template, "version": release.version},
    }
    try:
        if api.get("ConfigMap", name) is None:
            api.create("ConfigMap", body)
    except Declined as fault:
        if fault.status != 409:
            raise Illegal(str(fault)) from None
    try:
        found = api.get("ConfigMap", name) or {}
    except Declined as fault:
        raise Illegal(str(fault)) from None
    if found.get("data") != body["data"]:
        raise Illegal(f"the ConfigMap {name} is not release {release.id}: take it away and try again")


def _sealed(settings: DeploySettings, version: str, image: str, text: str, where: str) -> tuple[Release, str]:
    assert settings.kubernetes is not None, "asked for before"  # noqa: S101
    if "{image}" in text:
        raise Illegal(f"{where} has `{{image}}` in it, and `kubernetes.image` is not set")
    identity = settings.run.identity.model_dump(by_alias=True, mode="json")
    whole = json.dumps([text, identity, settings.data_unsafe], sort_keys=True).encode()
    digest = hashlib.sha256(whole).hexdigest()
    made = f"{_WILD.sub('-', version)[:_LABEL].strip('-._') or 'version'}-{digest[:12]}"
    text = objects.filled(text, {"release": made})
    details: dict[str, Any] = {
        "config-map": f"{settings.kubernetes.service}-release-{digest[:12]}",
        "identity": identity,
        **({"image": image} if image else {}),
    }
    release = Release(id=made, version=version, data_unsafe=settings.data_unsafe, details=details)
    try:
        objects.deployment(text, settings.kubernetes.service, "blue", release, 0)
    except objects.Misfit as fault:
        raise Illegal(f"{where}: {fault}") from None
    return release, text
