"""What must not happen to a record, a selector and a Deployment in a real cluster, whoever writes in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from readiness_deploy import bluegreen
from readiness_deploy.adapters import kube_release, kube_world
from readiness_deploy.adapters.kubernetes import Cluster, opened
from readiness_deploy.ports import Busy, Conflict, Fenced, Holder, Illegal, Lost, Standing
from readiness_deploy.record import Intent, Record, Release
from readiness_deploy.states import Goal, Phase, State

from kube.rig import Shop, shop
from readiness.config.deploy import DeploySettings

pytestmark = pytest.mark.needs("cluster", "kubectl")


class Place:
    """One service, and deployers inside this process. `between` is done once, just before the next such change."""

    def __init__(self, service: Shop, stack: ExitStack) -> None:
        self.service, self._stack = service, stack
        self.between: tuple[str, Callable[[], Any]] | None = None
        folder = service.folder / "fence"
        folder.mkdir()
        manifest = service.manifest("v1")
        manifest["spec"]["template"]["spec"]["nodeSelector"] = {"kind": "none"}  # nothing has to run here
        (folder / "deployment.json").write_text(json.dumps(manifest))
        self.folder = folder
        self.settings = DeploySettings.model_validate(service.settings)

    def deployer(self) -> Cluster:
        return self._stack.enter_context(opened(self.settings, None, self._wrote))

    def release(self, version: str) -> Release:
        release, template = kube_release.make(self.settings, self.folder, version)
        kube_release.publish(self.deployer().api, "shop", release, template)
        return release

    def selector(self) -> dict[str, str]:
        return dict(self.service.service()["spec"]["selector"])

    def _wrote(self, when: str, what: str) -> None:
        if self.between and when == "before" and what.startswith(self.between[0]):
            act, self.between = self.between[1], None
            act()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with shop(tmp_path) as service, ExitStack() as stack:
        yield Place(service, stack)


def holder(name: str) -> Holder:
    return Holder(by=name, host="here", pid=1, run=name, since="now")


def intent(release: Release) -> Intent:
    return Intent(run="one", goal=Goal.DEPLOY, release=release, colour="blue")


def announced(record: Record, release: Release) -> Record:
    return record.but(phase=Phase.PREPARING, intent=intent(release))


def test_a_write_that_a_later_epoch_overtakes_changes_nothing(place: Place) -> None:
    one, two, release = place.deployer(), place.deployer(), place.release("v1")
    one.lock(holder("one"))
    record = one.observe().record
    place.between = ("PATCH Service", lambda: two.lock(holder("two"), take_over="hurry"))
    with pytest.raises(Fenced):
        one.write(announced(record, release))
    assert two.observe().record.intent is None
    assert two.observe().record.epoch == two.epoch
    two.write(announced(two.observe().record, release))
    with pytest.raises(Fenced):
        one.write(two.observe().record.but(phase=Phase.ABORTING))


def test_a_write_that_another_write_overtakes_is_a_conflict(place: Place) -> None:
    one, release = place.deployer(), place.release("v1")
    one.lock(holder("one"))
    record = one.observe().record
    place.between = ("PATCH Service", lambda: place.deployer().freeze("no", "somebody"))
    with pytest.raises(Conflict):
        one.write(announced(record, release))
    found = one.observe().record
    assert (found.intent, found.freeze and found.freeze.reason) == (None, "no")


def test_a_selector_that_somebody_edits_meanwhile_is_a_conflict(place: Place) -> None:
    one, release = place.deployer(), place.release("v1")
    one.lock(holder("one"))
    record = one.observe().record
    edit = '{"spec":{"selector":{"tier":"front"}}}'
    place.between = ("PATCH Service", lambda: place.service.kubectl("patch", "service", "shop", "-p", edit))
    with pytest.raises(Conflict):
        one.write(announced(record, release))
    assert place.selector()["tier"] == "front"


def test_a_stop_that_a_later_start_overtakes_takes_nothing_away(place: Place) -> None:
    one, two, release = place.deployer(), place.deployer(), place.release("v1")
    one.lock(holder("one"))
    one.start("blue", release)
    for what in ("jsonpath={.status.unavailableReplicas}=2", "condition=Available=False"):
        place.service.kubectl(
            "wait", "deployment/shop-blue", f"--for={what}", "--timeout=60s"
        )  # nobody writes to it now

    def overtaken() -> None:
        two.lock(holder("two"), take_over="hurry")
        two.start("blue", release)

    place.between = ("DELETE Deployment", overtaken)
    with pytest.raises(Fenced):
        one.stop("blue")
    assert place.service.kubectl("get", "deployment", "shop-blue", "-o", "name")
    with pytest.raises(Fenced):
        one.start("green", release)
    assert "shop-green" not in place.service.kubectl("get", "deployment", "-o", "name")


def test_what_is_selected_is_not_touched_and_what_is_not_ready_is_not_selected(place: Place) -> None:
    one, release = place.deployer(), place.release("v1")
    one.lock(holder("one"))
    one.start("blue", release)
    record = one.observe().record
    with pytest.raises(Illegal):
        one.write(record.but(selected="blue", slots={"blue": release}))
    assert place.selector()["readiness/colour"] == "none"
    place.service.kubectl(
        "patch", "service", "shop", "-p", '{"spec":{"selector":{"readiness/colour":"blue"}}}'
    )  # as it would be if it served
    with pytest.raises(Illegal):
        one.stop("blue")
    with pytest.raises(Illegal):
        one.start("blue", place.release("v2"))
    assert place.service.kubectl("get", "deployment", "shop-blue", "-o", "name")


def test_a_route_that_somebody_else_moved_is_seen_and_nothing_moves_on_it(place: Place) -> None:
    one, release = place.deployer(), place.release("v1")
    one.lock(holder("one"))
    place.service.kubectl("patch", "service", "shop", "-p", '{"spec":{"selector":{"readiness/colour":"green"}}}')
    assert one.observe().actual == {"green"}
    world = kube_world.world_for(one, place.settings, place.folder, journal=_Deaf(), interrupts=_Deaf(), variables={})
    end = bluegreen.carry_out(world, intent(release))
    assert end.state is State.HELD
    assert "somebody else wrote" in end.why
    assert place.selector()["readiness/colour"] == "green"


def test_a_server_that_does_not_answer_is_not_an_empty_cluster(place: Place) -> None:
    one = place.deployer()
    gone = replace_server(place, "https://127.0.0.1:9")
    with opened(gone) as nobody, pytest.raises(Lost):
        nobody.observe()
    place.service.kubectl("delete", "service", "shop")
    with pytest.raises(Lost, match="there is no Service shop"):
        one.observe()


def test_a_living_holder_is_not_overtaken_and_a_dead_one_is(place: Place) -> None:
    one, two = place.deployer(), place.deployer()
    first = one.lock(holder("one"))
    with pytest.raises(Busy, match="one on here"):
        two.lock(holder("two"))
    one._lease._end.set()  # type: ignore[union-attr]  # as if it were killed: nobody renews
    assert two.lock(holder("two")) == first + 1


def test_a_service_that_serves_already_is_not_cut_off(place: Place) -> None:
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "shop-1", "labels": {"kubernetes.io/service-name": "shop"}},
        "addressType": "IPv4",
        "ports": [{"port": 8080}],
        "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}],
    }
    place.service.kubectl("apply", "-f", "-", stdin=json.dumps(endpoints))
    with pytest.raises(Illegal, match="would cut them off"):
        place.deployer().lock(holder("one"))
    assert place.selector() == {"app": "shop"}


def test_pods_that_the_service_would_not_select_are_refused(place: Place) -> None:
    place.service.kubectl("patch", "service", "shop", "-p", '{"spec":{"selector":{"tier":"front"}}}')
    one, release = place.deployer(), place.release("v1")
    one.lock(holder("one"))
    with pytest.raises(Illegal, match="selects tier: front"):
        one.start("blue", release)
    assert one.observe().colours["blue"].standing is Standing.ABSENT


def test_a_record_that_is_too_large_is_refused_with_what_makes_it_so(place: Place) -> None:
    one, release = place.deployer(), place.release("v1")
    one.lock(holder("one"))
    large = replace(intent(release), after=({"name": "x" * 9000},))
    with pytest.raises(Illegal, match=r"fewer or shorter gates, which take 9,0\d\d"):
        one.write(one.observe().record.but(phase=Phase.PREPARING, intent=large))
    assert one.observe().record.intent is None


def replace_server(place: Place, server: str) -> DeploySettings:
    """The same settings, with a kubeconfig that leads elsewhere."""
    text = place.service.kubectl("config", "view", "--raw", "--flatten", "-o", "json")
    config = json.loads(text)
    config["clusters"][0]["cluster"]["server"] = server
    file = place.folder / "elsewhere.kubeconfig"
    file.write_text(json.dumps(config))
    file.chmod(0o600)
    target = place.service.settings["kubernetes"] | {"kubeconfig": str(file)}
    return DeploySettings.model_validate(place.service.settings | {"kubernetes": target})


class _Deaf:
    def note(self, what: str, **details: Any) -> None:
        """Nobody listens."""

    def pending(self) -> str:
        return ""
