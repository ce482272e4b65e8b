"""A real cluster: the route is one Service, users lose nothing, and whoever dies on the way is followed by somebody."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kube.rig import End, Shop, load_image, shop

pytestmark = pytest.mark.needs("cluster", "images", "go", "kubectl")
RIGHTS = [
    {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "patch"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "create", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]},
]
FIGURES: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    """What was measured, for whoever wants it."""
    load_image(Path.home() / ".cache" / "readiness")
    yield
    if folder := os.environ.get("READINESS_PROOF_DIR"):
        (Path(folder) / "kubernetes.json").write_text(json.dumps(FIGURES, indent=1) + "\n")


@pytest.fixture
def brisk(service: Shop) -> Iterator[Shop]:
    """The same service, quickly deployed: for what is about deployers."""
    before = dict(service.settings)
    service.settings = {**before, "bake": {"seconds": 0, "identities": 2}, "gates": {}}
    service.replicas = 1
    yield service
    service.settings, service.replicas = before, 2


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("shop")) as made:
        yield made


def deployed(service: Shop, version: str) -> End:
    end = service.run("deploy", version)
    assert end.said["state"] == "done", end.said
    agrees(service)
    assert service.release().startswith(version + "-")
    return end


def agrees(service: Shop) -> dict[str, Any]:
    """The record and the route say the same, no run is in flight, and the entry answers from what is recorded."""
    found = service.service()
    record = json.loads(found["metadata"]["annotations"]["readiness/rollout"])
    assert record.get("phase", "stable") == "stable", record
    assert found["spec"]["selector"] == {"app": "shop", "readiness/colour": record["selected"]}
    assert record["slots"][record["selected"]]["id"] == service.release()
    assert "intent" not in record
    return dict(record)


def lost_nothing(account: dict[str, Any], least: int, statuses: tuple[str, ...] = ("200",)) -> None:
    assert account["testimony"] == "none lost", account
    assert account["lost"] == 0
    assert set(account["statuses"]) <= set(statuses), account["statuses"]
    assert account["answered"] >= least, account["answered"]


def took(service: Shop, account: dict[str, Any], end: End, version: str) -> dict[str, Any]:
    """Seconds from the command to the first answer of the version, and how many requests there were and were lost."""
    release = next(name for name in account["releases"] if name.startswith(version + "-"))
    first = account["started"] + account["releases"][release]["first_done"]
    return {"requests": account["answered"], "lost": account["lost"], "command_to_serving_s": first - end.began}


def test_a_release_and_the_way_back_lose_no_request(service: Shop) -> None:
    first = service.run("deploy", "v1")
    assert first.said["state"] == "done", first.said
    with service.load(50) as kept, service.load(100, keep_alive=False) as account:
        new = deployed(service, "v2")
        back = service.run("rollback")
    lost_nothing(kept, 150)
    lost_nothing(account, 300)
    FIGURES["kept_connections"] = {"requests": kept["answered"], "lost": kept["lost"]}
    assert (back.said["state"], agrees(service)["selected"]) == ("rolled-back", "blue"), back.said
    assert service.release().startswith("v1-")
    FIGURES["first_deploy_s"] = first.seconds
    FIGURES["deploy"] = took(service, account, new, "v2") | {"command_to_end_s": new.seconds}
    FIGURES["switch_to_proven_s"] = new.when("baking") - new.when("switched")
    FIGURES["rollback_command_to_switched_s"] = back.when("returned") - back.began


def test_a_version_that_turns_bad_under_load_is_taken_back(service: Shop) -> None:
    deployed(service, "v3")
    service.settings["bake"]["seconds"] = 10
    with service.load(keep_alive=False) as account:
        end = service.run("deploy", "v4-bad")
    service.settings["bake"]["seconds"] = 1.5
    assert (end.said["state"], end.code) == ("rolled-back", 5), end.said
    assert "answered 500" in end.said["why"]
    assert service.release().startswith("v3-")
    agrees(service)
    lost_nothing(account, 200, ("200", "500"))
    FIGURES["bad_version"] = {
        "requests": account["answered"],
        "lost": account["lost"],
        "errors": account["statuses"].get("500", 0),
        "switched_to_returned_s": end.when("returned") - end.when("switched"),
    }


def test_the_rights_that_the_page_names_are_enough(brisk: Shop) -> None:
    before = brisk.settings
    brisk.settings = before | {"kubernetes": before["kubernetes"] | {"kubeconfig": brisk.account(RIGHTS)}}
    for version in ("w1", "w2", "w3"):
        deployed(brisk, version)
    back = brisk.run("rollback")
    brisk.settings = before
    assert back.said["state"] == "rolled-back", back.said
    assert agrees(brisk)["slots"][brisk.record()["selected"]]["version"] == "w2"


@pytest.mark.parametrize(("version", "why"), [("v5-absent", "ErrImageNeverPull"), ("v6-crashing", "does not stay up")])
def test_a_version_that_cannot_come_up_never_serves(service: Shop, version: str, why: str) -> None:
    before = deployed(service, "v1").said and service.release()
    with service.load(50) as account:
        end = service.run("deploy", version)
    assert (end.said["state"], end.code) == ("aborted", 4), end.said
    assert why in end.said["why"]
    assert end.seconds < service.settings["run"]["ready"]["within"] / 2, "it was waited for"
    assert service.release() == before
    assert set(account["releases"]) == {before}
    lost_nothing(account, 50)
    agrees(service)


def test_whoever_is_killed_between_two_changes_is_followed(brisk: Shop) -> None:
    service = brisk
    deployed(service, "k0")
    ends = {}
    with service.load(50) as account:
        for number in range(1, 20):
            before, version = service.release(), f"k{number}"
            end = service.run("deploy", version, kill_at=f"after:{number}")
            if end.code == 0:
                break  # it made fewer changes than that
            ends[f"deploy {number}: {end.said['at']}"] = _followed(service, end, before, version)
        for number in (2, 3):
            deployed(service, f"r{number}")
            before, wanted = service.release(), other_version(service)
            end = service.run("rollback", kill_at=f"after:{number}")
            ends[f"rollback {number}: {end.said['at']}"] = _followed(service, end, before, wanted)
    assert len(ends) >= 10, ends
    assert set(ends.values()) == {"not begun", "finished", "done before"}, ends
    lost_nothing(account, 1000)
    FIGURES["killed"] = {"points": ends, "requests": account["answered"], "lost": account["lost"]}


def other_version(service: Shop) -> str:
    record = service.record()
    return str(record["slots"]["green" if record["selected"] == "blue" else "blue"]["version"])


def _followed(service: Shop, end: End, before: str, wanted: str) -> str:
    """What came of it when somebody resumed: all of what was announced; nothing where nothing was, or all was done."""
    assert end.code == -9, end.said
    left = service.record()
    resumed = service.run("resume")
    assert resumed.code == 0 or resumed.said["state"] == "rolled-back", resumed.said
    agrees(service)
    if "intent" in left:
        assert service.release().startswith(wanted + "-"), (end.said, resumed.said)
        return "finished"
    assert service.release() == left["slots"][left["selected"]]["id"]
    return "not begun" if service.release() == before else "done before"


@pytest.mark.parametrize("take_over", [False, True], ids=["polite", "take-over"])
def test_of_two_deployers_one_has_the_say(brisk: Shop, take_over: bool) -> None:
    service = brisk
    deployed(service, "v1")
    outcomes = []
    with service.load(50) as account:
        for number in range(5):
            one = service.deployer("deploy", f"a{number}-{take_over}")
            two = service.deployer("deploy", f"b{number}-{take_over}", take_over=take_over)
            ends = [service.wait(one), service.wait(two)]
            states = sorted(str(end.said["state"]) for end in ends)
            outcomes.append(states)
            assert "done" in states, [end.said for end in ends]
            winner = next(name for name, end in zip("ab", ends, strict=True) if end.said["state"] == "done")
            assert agrees(service)["slots"][service.record()["selected"]]["version"] == f"{winner}{number}-{take_over}"
    lost_nothing(account, 200)
    loser = {"busy", "ousted", "superseded", "Fenced"}
    assert all("done" in states and loser & set(states) for states in outcomes), outcomes
    FIGURES[f"races_{'take_over' if take_over else 'polite'}"] = {
        "outcomes": outcomes,
        "requests": account["answered"],
        "lost": account["lost"],
    }
