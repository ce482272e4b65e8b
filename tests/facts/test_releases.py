"""Kubernetes' releases and what they serve."""

import pytest

from readiness.facts.objects import Resource
from readiness.facts.releases import Aim, Apis, Release

TABLE = {
    "apps/v1": {"Deployment": ("1.30", "1.33")},
    "example.k8s.io/v1": {"Widget": ("1.32", "1.33")},
    "example.k8s.io/v1beta1": {"Widget": ("1.30", "1.32")},
    "example.k8s.io/v1alpha1": {"Widget": ("1.30", "1.30")},
    "older/v1beta1": {"Deployment": ("1.30", "1.33")},
    "autoscaling/v1": {"HorizontalPodAutoscaler": ("1.30", "1.33")},
    "autoscaling/v2": {"HorizontalPodAutoscaler": ("1.30", "1.33")},
}
APIS = Apis(lambda: TABLE)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("1.34", Release(1, 34)),
        ("v1.34.2", Release(1, 34)),
        ("1.34.2-eks-1a2b3c", Release(1, 34)),
        ("1.34+", Release(1, 34)),
        (" 1.9 ", Release(1, 9)),
        ("1", None),
        ("latest", None),
        ("", None),
        ("1.34x", None),
    ],
)
def test_a_release_is_read_from_what_tools_print(text: str, release: Release | None):
    assert Release.parse(text) == release


def test_releases_are_ordered_by_number_not_by_letters():
    assert Release(1, 9) < Release(1, 34)


def test_the_last_release_of_the_table_removes_nothing_that_it_serves():
    service = APIS.service("apps/v1", "Deployment")
    assert service is not None
    assert service.since is None
    assert service.removed is None
    assert APIS.newest == Release(1, 33)


def test_a_version_ends_one_release_after_the_last_that_serves_it():
    service = APIS.service("example.k8s.io/v1beta1", "Widget")
    assert service is not None
    assert service.removed == Release(1, 33)
    assert service.holds(Release(1, 32))
    assert not service.holds(Release(1, 33))


def test_stable_comes_before_beta_and_the_same_group_before_others():
    assert APIS.serving("Widget", Release(1, 32), "example.k8s.io") == "example.k8s.io/v1"
    assert APIS.serving("Widget", Release(1, 31), "example.k8s.io") == "example.k8s.io/v1beta1"
    assert APIS.serving("Deployment", Release(1, 33), "extensions") == "apps/v1"
    assert APIS.serving("Widget", Release(1, 99), "other") == "example.k8s.io/v1"
    assert APIS.serving("Nothing", Release(1, 33), "") == ""


def test_a_beta_retires_when_the_stable_one_is_there_and_a_stable_one_does_not():
    assert APIS.retiring("example.k8s.io/v1beta1", "Widget", Release(1, 31)) == ""
    assert APIS.retiring("example.k8s.io/v1beta1", "Widget", Release(1, 32)) == "example.k8s.io/v1"
    assert APIS.retiring("example.k8s.io/v1alpha1", "Widget", Release(1, 30)) == "example.k8s.io/v1beta1"
    assert APIS.retiring("older/v1beta1", "Deployment", Release(1, 33)) == "", "another group is another API"
    assert APIS.retiring("autoscaling/v1", "HorizontalPodAutoscaler", Release(1, 33)) == ""


@pytest.mark.parametrize(
    ("version", "ours"), [("apps/v9", True), ("v1", False), ("builtin", False), ("example.org/v1", False)]
)
def test_only_the_groups_of_the_table_are_judged(version: str, ours: bool):
    # The table of this test has no core group.
    assert APIS.built_in(Resource({"apiVersion": version, "kind": "Deployment"})) is ours


def test_the_newest_release_stands_in_for_one_that_is_not_declared_and_says_so():
    assert str(Aim.of(APIS, "1.31")) == "Kubernetes 1.31"
    assert str(Aim.of(APIS, "")) == "Kubernetes 1.33 (the newest known; none is declared)"
