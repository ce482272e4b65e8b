"""Variables of containers, and the hosts that values name."""

import pytest

from readiness.facts.autoscaling import Autoscalers
from readiness.facts.configuration import Configuration, Variable, host_of
from readiness.facts.objects import Node, Objects, Resource
from readiness.facts.texts import ThingAnchor
from readiness.facts.workloads import Workloads


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://user:pw@Shop.Example.com:8443/a?b", "shop.example.com"),
        ("postgres://localhost/shop", "localhost"),
        ("db.shop.svc:5432", "db.shop.svc"),
        ("cache:6379", "cache"),
        ("shop.example.com", "shop.example.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("http://[::1]:80/", "::1"),
        ("fast", ""),
        ("1.5", ""),
        ("true", ""),
        ("http://[", ""),
        ("a b.c:1", ""),
        ("", ""),
    ],
)
def test_the_host_of_a_value(text: str, host: str):
    assert host_of(text) == host


def variable(name: str, value: str) -> Variable:
    return Variable(name, value, Node(ThingAnchor("test"), (), value))


def test_a_secret_is_not_shown_and_neither_are_credentials_in_an_address():
    assert "hunter2" not in variable("DB_PASSWORD", "hunter2").shown
    assert variable("DB_URL", "postgres://app:hunter2@db/shop").shown == "`postgres://…@db/shop`"
    assert len(variable("LONG", "x" * 500).shown) < 80


def test_variables_come_in_the_order_in_which_kubernetes_sets_them():
    container = {
        "name": "web",
        "envFrom": [{"configMapRef": {"name": "web"}, "prefix": "P_"}, {"configMapRef": {"name": "elsewhere"}}],
        "env": [
            {"name": "A", "value": "1"},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "mode"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "web", "key": "mode"}}},
        ],
    }
    objects = Objects(
        [
            Resource(
                {
                    "kind": "Deployment",
                    "metadata": {"name": "web"},
                    "spec": {"template": {"spec": {"containers": [container]}}},
                }
            ),
            Resource({"kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"mode": "fast", "number": 1}}),
        ]
    )
    known = Configuration(objects, Workloads(objects, Autoscalers(objects)))
    assert [(v.name, v.value) for _, _, v in known.all_variables] == [("P_mode", "fast"), ("A", "1"), ("B", "fast")]
