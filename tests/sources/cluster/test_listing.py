"""What becomes of a namespace: its objects, what could not be listed, and what nobody may learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sources.cluster.cluster import (
    KINDS,
    discovery,
    forbidden,
    items,
    kubeconfig,
    named,
    older_discovery,
    path,
    pretended,
    secret_table,
)
from sources.cluster.server import Asked, Says, Server, serving

from readiness.facts.objects import Objects, Resource
from readiness.model import Origin, Reading, Supply
from readiness.sources import cluster

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
SECRETS = "/api/v1/namespaces/shop/secrets"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Server], Supply]:
    def reading(server: Server, namespace: str = "shop") -> Supply:
        file = kubeconfig(tmp_path / "home", server.address, user={"token": "t0ken-of-robot"})
        return cluster.read("shop-staging", namespace, str(file))

    return reading


def objects(supply: Supply) -> dict[tuple[str, str], Resource]:
    found = supply.facts[Objects]
    assert isinstance(found, Objects)
    return {(o.kind, o.name): o for o in found}


def test_the_objects_of_the_namespace_come_with_kind_origin_and_cluster(read: Any) -> None:
    with pretended({DEPLOYMENTS: items(named("web", spec={"replicas": 2}))}) as server:
        supply = read(server)
    web = objects(supply)["Deployment", "web"]
    assert (web.api_version, web.origin, web.namespace, web.cluster) == ("apps/v1", "live", "shop", "shop-staging")
    assert web.node.integer("spec", "replicas") == 2
    assert web.span(("spec", "replicas")) is None
    assert (supply.origin, supply.gaps) == (Origin.LIVE, ())
    assert supply.inputs[0].reading is Reading.CHECKED
    assert supply.inputs[0].objects == 2, "the Deployment and its Namespace"
    assert {a.method for a in server.asked} == {"GET"}
    assert {a.headers["authorization"] for a in server.asked} == {"Bearer t0ken-of-robot"}


def test_a_kind_without_permission_is_a_gap_with_the_rule_that_is_missing(read: Any) -> None:
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    with pretended({DEPLOYMENTS: forbidden, roles: forbidden}) as server:
        supply = read(server)
    here, wide = sorted(supply.gaps, key=lambda g: "whole cluster" in g.cause)
    assert here.kinds == {"Deployment"}
    assert here.cause == "no permission to list deployments.apps in the namespace shop"
    assert here.advice == 'Role rule: {apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"]}'
    assert wide.kinds == {"ClusterRole"}
    assert wide.advice.startswith("ClusterRole rule:")
    assert {i.reason for i in supply.inputs if i.reading is Reading.NOT_EXAMINED} == {here.cause, wide.cause}
    assert Objects in supply.facts, "the other kinds are read all the same"


def test_a_list_that_fails_is_a_gap_with_the_words_of_the_server(read: Any) -> None:
    broken = Says(500, {"message": "conversion webhook for apps failed: \x1b[31mno route\x1b[0m"})
    with pretended({DEPLOYMENTS: broken}) as server:
        (gap,) = read(server).gaps
    assert gap.kinds == {"Deployment"}
    assert gap.cause.endswith("the server answered 500: conversion webhook for apps failed: no route")


def test_what_reaches_across_namespaces_is_looked_for_everywhere(read: Any) -> None:
    everywhere = items(named("nightly", "velero"), named("ours"))
    with pretended({"/apis/velero.io/v1/schedules": everywhere}) as server:
        supply = read(server)
    assert {n for k, n in objects(supply) if k == "Schedule"} == {"nightly", "ours"}
    with pretended(
        {
            "/apis/velero.io/v1/schedules": forbidden,
            "/apis/velero.io/v1/namespaces/shop/schedules": items(named("ours")),
        }
    ) as server:
        supply = read(server)
    assert {n for k, n in objects(supply) if k == "Schedule"} == {"ours"}
    (gap,) = supply.gaps
    assert gap.kinds == {"Schedule"}
    assert "whole cluster" in gap.cause


def test_a_server_that_fails_is_not_asked_again_for_less(read: Any) -> None:
    with pretended({"/apis/velero.io/v1/schedules": Says(500, {"message": "no"})}) as server:
        (gap,) = read(server).gaps
    assert gap.kinds == {"Schedule"}
    assert "/apis/velero.io/v1/namespaces/shop/schedules" not in server.paths()


def test_all_pages_are_read(read: Any) -> None:
    def pages(asked: Asked) -> Says:
        second = asked.query.get("continue") == "token"
        return items(named("b")) if second else items(named("a"), go_on="token")

    with pretended({DEPLOYMENTS: pages}) as server:
        assert {n for k, n in objects(read(server)) if k == "Deployment"} == {"a", "b"}


def test_a_list_that_expires_between_two_pages_begins_anew(read: Any) -> None:
    def pages(asked: Asked) -> Says:
        if "continue" in asked.query:
            return Says(410, {"message": "the continue token is too old"})
        whole = asked.query["limit"] == "0"
        return items(named("a"), named("b")) if whole else items(named("a"), go_on="token")

    with pretended({DEPLOYMENTS: pages}) as server:
        supply = read(server)
    assert {n for k, n in objects(supply) if k == "Deployment"} == {"a", "b"}
    assert supply.gaps == ()


def test_pages_become_smaller_where_objects_are_large(read: Any) -> None:
    large = b" " * (65 << 20)

    def pages(asked: Asked) -> Says:
        return Says(200, large) if int(asked.query["limit"]) > 5 else items(named("a"))

    with pretended({DEPLOYMENTS: pages}) as server:
        supply = read(server)
    assert supply.gaps == ()
    assert ("Deployment", "a") in objects(supply)


def test_no_page_that_fits_is_a_gap(read: Any) -> None:
    with pretended({DEPLOYMENTS: Says(200, b" " * (65 << 20))}) as server:
        (gap,) = read(server).gaps
    assert gap.kinds == {"Deployment"}
    assert "larger than one answer may be" in gap.cause


def test_names_of_secrets_are_read_and_nothing_else_of_them(read: Any) -> None:
    with pretended({SECRETS: secret_table(("db", "Opaque"), ("tls", "kubernetes.io/tls"))}) as server:
        supply = read(server)
    found = objects(supply)
    assert found["Secret", "tls"].body == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "tls", "namespace": "shop"},
        "type": "kubernetes.io/tls",
    }
    asked = [a for a in server.asked if a.path == SECRETS]
    assert all("as=Table" in a.headers["accept"] and a.query["includeObject"] == "None" for a in asked)
    assert asked


def test_a_server_that_sends_whole_secrets_is_not_listened_to(read: Any) -> None:
    with pretended({SECRETS: items(named("db", data={"password": "aHVudGVyMg=="}))}) as server:
        supply = read(server)
    (gap,) = supply.gaps
    assert gap.kinds == {"Secret"}
    assert ("Secret", "db") not in objects(supply)
    assert "aHVudGVyMg" not in repr(supply)


def test_secrets_that_may_not_be_listed_are_a_gap(read: Any) -> None:
    with pretended({SECRETS: forbidden}) as server:
        (gap,) = read(server).gaps
    assert gap.kinds == {"Secret"}


def test_a_kind_that_is_not_served_is_no_gap(read: Any) -> None:
    with pretended(kinds=[k for k in KINDS if k[2] != "Schedule"]) as server:
        supply = read(server)
    assert supply.gaps == ()
    assert "/apis/velero.io/v1/schedules" not in server.paths()


def test_a_kind_that_vanishes_on_the_way_is_no_gap(read: Any) -> None:
    with pretended({DEPLOYMENTS: Says(404, {"message": "the server could not find the requested resource"})}) as server:
        assert read(server).gaps == ()


def test_a_group_that_is_down_is_a_gap_unless_it_only_measures(read: Any) -> None:
    with pretended(stale=("metrics.k8s.io", "things.example.com")) as server:
        supply = read(server)
    (gap,) = supply.gaps
    assert "things.example.com" in gap.cause
    assert not gap.hides(("Deployment",))
    assert [n for n in supply.notes if "metrics.k8s.io" in n]


def test_what_cannot_be_listed_is_not_asked_for(read: Any) -> None:
    with pretended(verbs=("create",)) as server:
        read(server)
    assert DEPLOYMENTS not in server.paths()


def test_a_server_without_aggregated_discovery_is_understood(read: Any) -> None:
    kinds = [*KINDS, ("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True)]
    kinds.append(("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True))
    scalers = path("autoscaling", "v2", "horizontalpodautoscalers", "shop")
    routes = {DEPLOYMENTS: items(named("web")), scalers: items(named("web"))}
    with pretended({**older_discovery(kinds), **routes}, kinds=kinds) as server:
        supply = read(server)
    assert supply.gaps == ()
    assert objects(supply)["HorizontalPodAutoscaler", "web"].api_version == "autoscaling/v2", "the preferred one"
    assert ("Deployment", "web") in objects(supply)


def test_a_group_that_is_down_is_a_gap_in_older_discovery_too(read: Any) -> None:
    kinds = [*KINDS, ("things.example.com", "v1", "Tenant", "tenants", True)]
    down = Says(503, {"message": "service unavailable"})
    with pretended({**older_discovery(kinds), "/apis/things.example.com/v1": down}, kinds=kinds) as server:
        (gap,) = read(server).gaps
    assert "things.example.com" in gap.cause


@pytest.mark.parametrize("kind", ["Tenant", "Cluster"])
def test_a_kind_of_the_same_name_that_lies_in_no_namespace_is_another(read: Any, kind: str) -> None:
    other = ("capsule.example.com", "v1", kind, "others", False)
    with pretended({"/apis/capsule.example.com/v1/others": items(named("x", ""))}, kinds=[*KINDS, other]) as server:
        supply = read(server)
    assert (kind, "x") not in objects(supply)


def test_a_namespace_that_is_not_there_is_no_empty_one(read: Any) -> None:
    with pretended() as server:
        supply = read(server, "shopp")
    assert supply.facts == {}
    (gap,) = supply.gaps
    assert gap.cause == "the cluster of the context shop-staging has no namespace shopp"
    assert gap.hides(("Deployment",))


def test_a_namespace_that_may_not_be_read_is_a_gap_for_itself(read: Any) -> None:
    home = {"/api/v1/namespaces/shop": forbidden}
    with pretended({**home, DEPLOYMENTS: items(named("web"))}) as server:
        supply = read(server)
    (gap,) = supply.gaps
    assert gap.kinds == {"Namespace"}
    assert 'verbs: ["get"]' in gap.advice
    assert ("Deployment", "web") in objects(supply)


@pytest.mark.parametrize("where", ["/api", "/api/v1/namespaces/shop", DEPLOYMENTS])
def test_credentials_that_are_not_accepted_end_it(read: Any, where: str) -> None:
    with pretended({where: Says(401, {"message": "Unauthorized"})}) as server:
        supply = read(server)
    (gap,) = supply.gaps
    assert "does not accept these credentials" in gap.cause
    assert supply.facts == {}


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b'{"kind": ', b"[" * 100_000])
def test_an_answer_that_is_no_kubernetes_is_named(read: Any, body: bytes) -> None:
    with serving({"/api": Says(200, body), "/apis": Says(200, body)}) as server:
        supply = read(server)
    (gap,) = supply.gaps
    assert "is this the address of a Kubernetes API server?" in gap.cause
    assert supply.facts == {}


def test_a_server_that_is_not_there_is_a_gap(read: Any) -> None:
    with serving({}) as server:
        pass
    (gap,) = read(server).gaps
    assert "refused" in gap.cause


def test_a_redirect_leads_nowhere(read: Any) -> None:
    with pretended() as other, serving({"/api": Says(302, None, {"Location": other.address})}) as server:
        (gap,) = read(server).gaps
        assert "302" in gap.cause
        assert other.asked == []


def test_nonsense_in_a_list_is_no_crash(read: Any) -> None:
    odd = {
        "metadata": {"name": "odd", "labels": 3, "annotations": [], "ownerReferences": "me"},
        "spec": None,
        "status": {"replicas": -4},
    }
    with pretended({DEPLOYMENTS: items(odd, {}, {"metadata": None})}) as server:
        supply = read(server)
    assert ("Deployment", "odd") in objects(supply)
    assert supply.gaps == ()


def test_a_list_of_nothing_may_be_null(read: Any) -> None:
    with pretended({DEPLOYMENTS: Says(200, {"items": None})}) as server:
        assert read(server).gaps == ()


@pytest.mark.parametrize("written", [{}, {"kind": "Status"}, {"items": 3}, {"items": ["x"]}, {"items": {"a": 1}}])
def test_a_list_that_is_none_is_a_gap(read: Any, written: dict[str, Any]) -> None:
    with pretended({DEPLOYMENTS: Says(200, written)}) as server:
        (gap,) = read(server).gaps
    assert gap.kinds == {"Deployment"}


def test_what_nobody_reads_is_not_kept(read: Any) -> None:
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{…}", "team": "shop"}
    fields = [{"manager": "kubectl", "fieldsV1": {"f:spec": {"x": "y" * 100_000}}}]
    web = named("web", metadata={"annotations": notes, "managedFields": fields})
    owner = [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    pod = named("web-1-x", metadata={"ownerReferences": owner, "labels": {"app": "web"}}, spec={"containers": [{}]})
    bare = named("bare", spec={"containers": [{}]})
    pods = "/api/v1/namespaces/shop/pods"
    with pretended({DEPLOYMENTS: items(web), pods: items(pod, bare)}) as server:
        found = objects(read(server))
    assert found["Deployment", "web"].body["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "annotations": {"team": "shop"},
    }
    assert found["Pod", "web-1-x"].labels == {"app": "web"}
    assert "spec" not in found["Pod", "web-1-x"].body
    assert "spec" in found["Pod", "bare"].body


def test_discovery_offers_each_kind_once_in_the_preferred_version(read: Any) -> None:
    kinds = [("apps", "v1", "Deployment", "deployments", True), ("apps", "v1beta2", "Deployment", "deployments", True)]
    routes = {**discovery(kinds), DEPLOYMENTS: items(named("web"))}
    with pretended(routes, kinds=kinds) as server:
        supply = read(server)
    assert [o for o in supply.facts[Objects] if o.kind == "Deployment"]  # type: ignore[attr-defined]
    assert "/apis/apps/v1beta2/namespaces/shop/deployments" not in server.paths()
