"""Alertmanager's routes, walked as Alertmanager walks them."""

import pytest

from readiness.facts.objects import Objects, Resource
from readiness.facts.routing import Matcher, Routing, RoutingObjects

RECEIVERS = [
    {"name": "nobody"},
    {"name": "empty", "slackConfigs": []},
    {"name": "shop", "slackConfigs": [{}]},
    {"name": "oncall", "pagerdutyConfigs": [{}]},
]


def routing(route: dict[str, object]) -> Routing:
    body = {"kind": "AlertmanagerConfig", "metadata": {"name": "a"}, "spec": {"route": route, "receivers": RECEIVERS}}
    (made,) = RoutingObjects(Objects([Resource(body)])).items
    return made


def by(label: str, value: str, **more: object) -> dict[str, object]:
    return {"matchers": [{"name": label, "value": value}], **more}


def test_the_first_child_that_fits_ends_the_search():
    tree = routing({"receiver": "nobody", "routes": [by("a", "1", receiver="shop"), by("a", "1", receiver="oncall")]})
    assert tree.receivers({"a": "1"}) == ["shop"]


def test_a_child_that_says_continue_does_not_end_it():
    routes = [by("a", "1", receiver="shop", **{"continue": True}), by("a", "1", receiver="oncall")]
    assert routing({"receiver": "nobody", "routes": routes}).receivers({"a": "1"}) == ["shop", "oncall"]


def test_without_a_child_that_fits_the_route_itself_receives():
    tree = routing({"receiver": "nobody", "routes": [by("a", "1", receiver="shop")]})
    assert tree.receivers({"a": "2"}) == ["nobody"]


def test_a_child_without_a_receiver_takes_the_one_above():
    tree = routing({"receiver": "shop", "routes": [by("a", "1", routes=[by("b", "1")])]})
    assert tree.receivers({"a": "1", "b": "1"}) == ["shop"]


@pytest.mark.parametrize(
    ("receiver", "silent"), [("nobody", True), ("empty", True), ("unknown", True), ("shop", False), ("oncall", False)]
)
def test_who_hears_of_it(receiver: str, silent: bool):
    assert routing({"receiver": "nobody"}).silent(receiver) is silent


@pytest.mark.parametrize(
    ("operator", "value", "fits"),
    [
        ("=", "page", True),
        ("=", "info", False),
        ("!=", "info", True),
        ("!=", "page", False),
        ("=~", "critical|page", True),
        ("=~", "critical|info", False),
        ("!~", "critical|page", False),
        # Any other pattern is not run here: it may fit.
        ("=~", "(a+)+$", True),
        ("=~", "p.*", True),
    ],
)
def test_a_matcher(operator: str, value: str, fits: bool):
    assert Matcher("severity", operator, value).matches({"severity": "page"}) is fits
