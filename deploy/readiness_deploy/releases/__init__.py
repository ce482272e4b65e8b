"""Releases: versions with their settings, made once, sealed, and fit to be run."""

from readiness_deploy.releases.making import (
    Collected,
    Unmade,
    gc,
    ids,
    known_releases,
    make,
    open_release,
    releases,
)
from readiness_deploy.releases.seal import Broken
from readiness_deploy.releases.source import NoVersion
from readiness_deploy.releases.tree import Caps

__all__ = [
    "Broken",
    "Caps",
    "Collected",
    "NoVersion",
    "Unmade",
    "gc",
    "ids",
    "known_releases",
    "make",
    "open_release",
    "releases",
]
