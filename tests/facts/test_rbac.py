import pytest

from readiness.facts.objects import Objects, Resource
from readiness.facts.rbac import Roles, Rule


def rule(**body) -> Rule:
    (role,) = Roles(Objects([Resource({"kind": "ClusterRole", "metadata": {"name": "a"}, "rules": [body]})]))
    return role.rules[0]


@pytest.mark.parametrize(
    ("resources", "asked", "reached"),
    [
        (["pods"], "pods", True),
        (["pods"], "pods/exec", False),
        (["pods/exec"], "pods", False),
        (["pods/*"], "pods/exec", False),
        (["pods/*"], "pods", False),
        (["*/exec"], "pods/exec", True),
        (["*"], "pods/exec", True),
        (["*/*"], "pods", False),
    ],
)
def test_a_rule_reaches_resources_as_the_authorizer_matches_them(resources, asked, reached):
    assert rule(apiGroups=[""], resources=resources).reaches("", asked) is reached


def test_a_rule_is_about_its_own_groups():
    assert not rule(apiGroups=["apps"], resources=["*"]).reaches("", "pods")
    assert rule(apiGroups=["*"], resources=["pods"]).reaches("", "pods")
    assert not rule(resources=["pods"]).reaches("", "pods")


def test_every_verb_is_allowed_by_a_wildcard_only():
    assert rule(verbs=["*"]).allowed("get", "bind") == ["get", "bind"]
    assert rule(verbs=["get"]).allowed("get", "bind") == ["get"]


def test_names_make_it_less_than_anything():
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert rule(**everything).anything
    assert not rule(**everything, resourceNames=["one"]).anything
    assert not rule(**everything | {"apiGroups": [""]}).anything
