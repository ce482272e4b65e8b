"""`make proof` tells the truth about its tiers: what was skipped, failed or silent is no success."""

from __future__ import annotations

import ast
import importlib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PASSING = "def test_it():\n    pass\n"
FAILING = "def test_it():\n    assert 1 == 2, 'a reason'\n"
SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='no moon')\ndef test_that():\n    pass\n"
WRITING = """
import json, os, pathlib
def test_figures():
    pathlib.Path(os.environ["READINESS_PROOF_DIR"], "some-figures.json").write_text(json.dumps({figures}))
"""
LASTING = "import subprocess\n\ndef test_it():\n    subprocess.Popen(['sleep', '{seconds}'])\n"
SERVING = """
import subprocess
def test_it(tmp_path):
    subprocess.Popen(["sleep", "62"], env={"PATH": "/usr/bin:/bin", "READINESS_KEEPER": f"{tmp_path}/state"})
"""
WAITING = "import threading\n\ndef test_it():\n    threading.Event().wait(60)\n"


class Tools:
    """The modules of `tools/proof`, and a repository with one tier."""

    def __init__(self, root: Path) -> None:
        for name in ("tiers", "running", "reading", "page", "promises", "found", "machine", "cluster"):
            setattr(self, name, importlib.import_module(f"proof.{name}"))
        self.main = importlib.import_module("proof.__main__")
        self.root, self.folder = root / "repository", root / "figures"
        self.root.mkdir()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def tier(self, text: str, **more: Any) -> Any:
        (self.root / "test_some.py").write_text(text)
        tier = self.tiers.Tier("some", "of this test", "test_some.py", self.tiers._tests("test_some.py"), 60)
        return replace(tier, **more)

    def run(self, text: str, **more: Any) -> Any:
        return self.running.run(self.tier(text, **more), self.root, self.folder)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return Tools(tmp_path)


def test_a_tier_that_passes_gives_its_figures_and_its_counted_tests(tools: Tools) -> None:
    ran = tools.run(
        PASSING + WRITING.replace("{figures}", "{'name': 'kills', 'tried': 12, 'inside': [{'figure': 'a', 'n': 3}]}"),
        owes=("some-*.json",),
        counted={"those that passed": "test_some", "it alone": "test_it"},
    )
    assert (ran.outcome, ran.why) == (tools.running.Outcome.PASSED, "")
    rows = tools.reading.rows(ran)
    assert [(row.figure, dict(row.values), row.n) for row in rows] == [
        ("those that passed", {"right": "2 of 2"}, 2),
        ("it alone", {"right": "1 of 1"}, 1),
        ("some figures: kills", {"tried": 12}, None),
        ("some figures: kills, inside 1: a", {}, 3),
    ]


@pytest.mark.parametrize(
    ("text", "more", "outcome", "why"),
    [
        (PASSING, {"owes": ("other-*.json",)}, "FAILED", "it left no figures called other-*.json"),
        (FAILING, {}, "FAILED", "1 tests failed: test_some/test_it: AssertionError: a reason"),
        ("import nowhere\n", {}, "FAILED", "tests failed"),
        (SKIPPED, {}, "NOT RUN", "1 skipped: no moon"),
        (PASSING + SKIPPED, {}, "passed in part", "1 skipped: no moon"),
        (SKIPPED + FAILING, {}, "FAILED", "1 tests failed"),
        (PASSING, {"place": "gone"}, "NOT RUN", "there is no gone"),
        (PASSING, {"command": ("python", "-c", "raise SystemExit('moonless')")}, "FAILED", "exit code 1: moonless"),
        (WAITING, {"budget": 2.0}, "FAILED", "not done within its 2 s"),
    ],
)
def test_what_is_no_success_is_called_what_it_is(
    tools: Tools, text: str, more: dict[str, Any], outcome: str, why: str
) -> None:
    ran = tools.run(text, **more)
    assert ran.outcome == outcome
    assert why in ran.why
    assert outcome in tools.page.page([tools.page.Result(ran, ())], [], tools.machine.look(ROOT), ())


def test_what_a_tier_leaves_running_is_ended_and_told(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.running, "LEAVING", 0.2)
    ran = tools.run(LASTING.replace("{seconds}", "61"))
    assert ran.outcome == "FAILED"
    assert "processes left behind: sleep 61 (" in ran.why
    monkeypatch.setattr(tools.running, "LEAVING", 60.0)
    assert tools.running._left_behind(tools.folder) == []


def test_a_service_that_a_keeper_of_the_tier_leaves_running_is_one_too(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no variables of those who had it started, but the keeper's mark: the folder of the keeper's state."""
    monkeypatch.setattr(tools.running, "LEAVING", 0.2)
    ran = tools.run(SERVING)
    assert ran.outcome == "FAILED"
    assert "processes left behind: sleep 62 (" in ran.why
    monkeypatch.setattr(tools.running, "LEAVING", 60.0)
    assert tools.running._left_behind(tools.folder) == []


def test_a_file_of_figures_that_is_none_is_not_passed_over(tools: Tools) -> None:
    ran = tools.run(WRITING.replace("json.dumps({figures})", "'{'"), owes=("some-*.json",))
    with pytest.raises(tools.reading.Unreadable, match=r"some-figures\.json: wanted JSON"):
        tools.reading.rows(ran)


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        (PASSING, 0, "kept"),
        (PASSING, 1, "**BROKEN**"),
        (PASSING, None, "**NOT SHOWN**"),
        (PASSING + SKIPPED, 0, "**the tier: passed in part**"),
        (FAILING, 0, "**the tier: FAILED**"),
        (FAILING, 1, "**BROKEN**"),
    ],
)
def test_a_promise_is_kept_by_figures_of_a_whole_tier_alone(
    tools: Tools, text: str, value: int | None, verdict: str
) -> None:
    promise = next(promise for promise in tools.promises.PROMISES if "200,000" in promise.wanted)
    values = {"requests": 250_000} | ({} if value is None else {"lost_or_cut": value})
    row = tools.reading.Row("rollouts: 100 deploys and 100 rollbacks", values, 250_000)
    assert promise.shown(tools.run(text), [row]).verdict == verdict


def test_figures_of_an_earlier_run_are_nobodys(tools: Tools) -> None:
    tools.folder.mkdir()
    (tools.folder / "some-figures.json").write_text('{"tried": 12}')
    ran = tools.run(PASSING, owes=("some-*.json",))
    assert (ran.outcome, tools.reading.rows(ran)) == (tools.running.Outcome.FAILED, [])


WAYS = ("no proxy", "keeper", "HAProxy")
SERVED = {"throughput": {"per_second": 2.0, "errors": 0}, "latency": {"p50": 2.0, "errors": 0, "lost": 0}}


@pytest.mark.parametrize(
    ("kind", "more", "verdict"),
    [
        ("latency", {}, "kept"),
        ("latency", {"saturated": True}, "**NOT SHOWN**"),
        ("latency", {"lost": 1}, "**BROKEN**"),
        ("latency", {"errors": 1}, "**BROKEN**"),
        ("throughput", {"errors": 1}, "**BROKEN**"),
        ("throughput", {"per_second": 0.0}, "**BROKEN**"),
        ("latency", None, "**NOT SHOWN**"),
    ],
)
def test_a_bench_is_about_what_was_answered(tools: Tools, kind: str, more: dict[str, Any] | None, verdict: str) -> None:
    """A way that served nothing, a machine that was busy, or one figure too few is no measurement of what it costs."""
    promise = next(promise for promise in tools.promises.PROMISES if promise.tier == "bench")
    found = {(way, one): SERVED[one] for way in WAYS for one in SERVED}
    if more is None:
        del found["keeper", kind]
    else:
        found["keeper", kind] = SERVED[kind] | more
    rows = [tools.reading.Row(f"keeper, {one}, {way}, medians", values, 3) for (way, one), values in found.items()]
    rows.append(tools.reading.Row("keeper", {"rate": 500, "saturated": True}))
    shown = promise.shown(tools.run(PASSING), rows)
    assert (shown.verdict, shown.n) == (verdict, None if more is None else 3)


def test_what_went_wrong_in_one_round_is_not_averaged_away(tools: Tools) -> None:
    rounds = [{"p50": float(n), "errors": n, "lost": 2 * n, "saturated": bool(n)} for n in (0, 0, 6)]
    ran = tools.run(WRITING.replace("{figures}", repr({"latency": {"keeper": rounds}})))
    found = [(row.figure, dict(row.values), row.n) for row in tools.reading.rows(ran)]
    assert found == [
        ("some figures, latency, keeper, medians", {"p50": 0.0, "errors": 6, "lost": 12, "saturated": True}, 3)
    ]


def test_too_few_trials_keep_no_promise(tools: Tools) -> None:
    promise = next(promise for promise in tools.promises.PROMISES if "200,000" in promise.wanted)
    row = tools.reading.Row("rollouts: 100 deploys", {"requests": 1999, "lost_or_cut": 0}, 1999)
    assert promise.shown(tools.run(PASSING), [row]).verdict == "**BROKEN**"


@pytest.mark.parametrize(("text", "code"), [(PASSING, 0), (FAILING, 1)])
def test_some_tiers_replace_no_page_about_all(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, code: int
) -> None:
    (tools.root / "docs").mkdir()
    (tools.root / "tests" / "deploy").mkdir(parents=True)
    (tools.root / tools.found.PLACE).write_text("[]\n")
    other = replace(tools.tier(text), name="other")
    monkeypatch.setattr(tools.main, "ROOT", tools.root)
    monkeypatch.setattr(tools.main, "TIERS", (tools.tier(text), other))
    monkeypatch.setattr(tools.main, "PROMISES", ())
    page = tools.root / tools.main.PAGE
    assert tools.main.main(["some"]) == code
    assert not page.exists()
    assert "| other | **NOT RUN** | – | – | not asked for |" in capsys.readouterr().out
    assert tools.main.main([]) == code
    assert "NOT RUN" not in page.read_text()
    assert ("FAILED" in page.read_text()) == bool(code)


TIMED = """
import json, os, pathlib
def test_figures():
    found = {{"seconds": float(os.environ["READINESS_PROOF_SECONDS"]), "figure": "{name}"}}
    pathlib.Path(os.environ["READINESS_PROOF_DIR"], "time.json").write_text(json.dumps(found))
"""


def test_tiers_side_by_side_have_a_folder_and_a_time_each(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.main, "ROOT", tools.root)
    tiers = []
    for name, budget, alone in (("first", 40, False), ("second", 100, False), ("third", 200, True)):
        file = f"test_{name}.py"
        (tools.root / file).write_text(TIMED.format(name=name))
        tiers.append(tools.tiers.Tier(name, "", file, tools.tiers._tests(file), budget, alone=alone))
    results = tools.main._results(tiers, tools.folder, {tier.name for tier in tiers})
    found = [[(row.figure, dict(row.values)) for row in result.rows] for result in results]
    assert found == [
        [("time: first", {"seconds": 20})],
        [("time: second", {"seconds": 60})],
        [("time: third", {"seconds": 160})],
    ]


def test_what_stops_one_tier_stops_those_beside_it(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools.main, "ROOT", tools.root)
    broken = replace(tools.tier(WAITING), name="broken")
    waiting = replace(broken, name="waiting", budget=59)
    run, begun = tools.running.run, threading.Event()

    def ran(tier: Any, *given: Any, **more: Any) -> Any:
        if tier.name == "broken":
            assert begun.wait(60)
            raise KeyboardInterrupt
        begun.set()
        return run(tier, *given, **more)

    monkeypatch.setattr(tools.main, "run", ran)
    monkeypatch.setattr(tools.running, "GRACE", 20.0)
    with pytest.raises(KeyboardInterrupt):
        tools.main._results([broken, waiting], tools.folder, {"broken", "waiting"})
    assert "waiting: stopped" in capsys.readouterr().out


def test_a_tier_that_passed_without_the_figure_of_its_promise_is_no_success(
    tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    promise = next(promise for promise in tools.promises.PROMISES if "200,000" in promise.wanted)
    ran = tools.run(PASSING)
    ran = replace(ran, tier=replace(ran.tier, name=promise.tier))
    told = tools.main._told([tools.page.Result(ran, ())], [(promise, promise.shown(ran, ()))])
    assert (told, capsys.readouterr().err.partition(":")[0]) == (1, "without a figure")


@pytest.mark.parametrize(
    ("more", "verdict", "value"),
    [
        ({}, "kept", "12 of 12, of 40 that the 1 scenarios have"),
        ({"every_point_tried": True, "points_of_a_run": 12}, "kept", "12 of 12, all that the 1 scenarios have"),
        ({"survived": 11}, "**BROKEN**", "11 of 12, of 40 that the 1 scenarios have"),
        ({"points": 2, "survived": 2}, "**NOT SHOWN**", "2 of 2, of 40 that the 1 scenarios have"),
    ],
)
def test_a_kill_campaign_says_what_was_left_out(tools: Tools, more: dict[str, Any], verdict: str, value: str) -> None:
    promise = next(promise for promise in tools.promises.PROMISES if promise.tier == "kills")
    found = {"points": 12, "survived": 12, "points_of_a_run": 40, "each_kind_tried": True, "every_point_tried": False}
    rows = [tools.reading.Row("kills a", found | more), tools.reading.Row("a part of b", {"points": 4, "survived": 3})]
    shown = promise.shown(tools.run(PASSING), rows)
    assert (shown.verdict, shown.value, shown.n) == (verdict, value, {**found, **more}["points"])


@pytest.mark.parametrize(
    ("about", "figure", "values", "value", "n", "verdict"),
    [
        ("first answer", "kubernetes, deploy", {"requests": 494, "command_to_serving_s": 2.0}, "2.000 s", 1, "kept"),
        ("first answer", "kubernetes, deploy", {"requests": 494, "command_to_serving_s": None},
            "–", None, "**NOT SHOWN**"),
        ("last request", "rollouts 100 deploys", {"rollbacks": 100, "rollbacks_after_requests": 97,
            "rollback_decision_to_last_request_max": 0.5}, "0.500 s", 97, "kept"),
        ("last request", "rollouts 100 deploys", {"rollbacks": 100, "rollbacks_after_requests": 0,
            "rollback_decision_to_last_request_max": 0.0}, "–", None, "**NOT SHOWN**"),
        ("worker is killed", "keeper kills", {"tried": 7, "survived": 7, "effects_of_a_run": 39, "tried_is_every": 6},
            "7 of 7, every 6th of 39 effects", 7, "kept"),
        ("worker is killed", "keeper kills", {"tried": 39, "survived": 38, "effects_of_a_run": 39, "tried_is_every": 1},
            "38 of 39, every effect", 39, "**BROKEN**"),
        ("worker is killed", "keeper kills", {"tried": 0, "survived": 0, "effects_of_a_run": 39, "tried_is_every": 6},
            "0 of 0, every 6th of 39 effects", 0, "**BROKEN**"),
        ("truth table", "rows of the truth table that are answered right", {"right": "172 of 172"},
            "172 of 172", 172, "kept"),
        ("truth table", "rows of the truth table that are answered right", {"right": "1 of 1"},
            "1 of 1", 1, "**BROKEN**"),
        ("Planted", "planted bugs that were caught", {"right": "11 of 11"}, "11 of 11", 11, "**BROKEN**"),
    ],
)  # fmt: skip
def test_a_promise_says_how_many_trials_are_behind_it(
    tools: Tools, about: str, figure: str, values: dict[str, Any], value: str, n: int | None, verdict: str
) -> None:
    """What it says of 494 requests that one deploy had is said of one deploy."""
    promise = next(promise for promise in tools.promises.PROMISES if about in promise.text)
    counted = int(values["right"].partition(" of ")[2]) if "right" in values else None
    shown = promise.shown(tools.run(PASSING), [tools.reading.Row(figure, values, counted)])
    assert (shown.value, shown.n, shown.verdict) == (value, n, verdict)


class Asked(Mapping[str, Any]):
    """Values that have whatever is asked for, and remember what was."""

    def __init__(self) -> None:
        self.keys_asked: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.keys_asked.add(key)
        return 1

    def __contains__(self, key: object) -> bool:
        self.keys_asked.add(str(key))
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


class Name(str):
    """A figure's name that contains and is whatever is asked for, and remembers what."""

    def __new__(cls) -> Name:
        made = super().__new__(cls, "any")
        made.asked = set()
        return made

    asked: set[str]

    def __contains__(self, part: object) -> bool:
        self.asked.add(str(part))
        return True

    def __eq__(self, other: object) -> bool:
        self.asked.add(str(other))
        return True

    __hash__ = str.__hash__


def words_of(path: Path, seen: set[Path]) -> set[str]:
    """Every text and every name of an argument in a module, and in those of this repository that it imports."""
    if path in seen:
        return set()
    seen.add(path)
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for place in (ROOT / "tests" / "deploy", ROOT / "bench"):
                files = [place / (name.replace(".", "/") + ".py") for name in names]
                found |= set().union(*(words_of(file, seen) for file in files if file.is_file()))
    return found


def plainly(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def test_what_a_promise_reads_is_what_its_tier_writes(tools: Tools) -> None:
    tiers = {tier.name: tier for tier in tools.tiers.TIERS}
    for promise in tools.promises.PROMISES:
        tier, values, name = tiers[promise.tier], Asked(), Name()
        promise.measure([tools.reading.Row(name, values, 1)])
        named = [ROOT / word.partition("::")[0] for word in tier.command]
        places = [place for place in named if place.exists()]
        files = [file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])]
        written = set().union(*(words_of(file, set()) for file in files))
        lacking = values.keys_asked - written - {"right"}
        assert not lacking, f"{promise.text}: nobody in {tier.name} writes {lacking}"
        text = plainly(" | ".join([*written, *tier.counted]))
        parts = [part for asked in name.asked for part in asked.split(", ")]
        unknown = [part for part in parts if plainly(part) not in text]
        assert not unknown, f"{promise.text}: nobody in {tier.name} calls a figure {unknown}"


def test_each_promise_and_each_bug_is_about_something_that_is_there(tools: Tools) -> None:
    names = {tier.name for tier in tools.tiers.TIERS}
    assert {promise.tier for promise in tools.promises.PROMISES} <= names
    assert tools.found.read(ROOT)
    (tools.root / "tests" / "deploy").mkdir(parents=True)
    (tools.root / tools.found.PLACE).write_text("- {what: a, by: b, test: 'test_some.py::test_gone'}\n")
    (tools.root / "test_some.py").write_text(PASSING)
    with pytest.raises(tools.found.Unfit, match=r"there is no test test_some\.py::test_gone"):
        tools.found.read(tools.root)


def launcher(folder: Path, env: str, code: int = 0) -> str:
    """A program that makes a cluster, and notes what it is asked."""
    path = folder / "kube"
    path.write_text(f'#!/bin/sh\necho "$1" >> {folder}/said\n[ "$1" = env ] && echo "{env}"\nexit {code}\n')
    path.chmod(0o755)
    return str(path)


def test_a_cluster_is_there_for_as_long_as_it_is_wanted(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("READINESS_TEST_KUBECONFIG", raising=False)
    monkeypatch.setenv("READINESS_KUBE", launcher(tmp_path, "export KUBECONFIG=/there   # up in 1 s"))
    with tools.cluster.brought(wanted=True) as more:
        assert more["READINESS_TEST_KUBECONFIG"] == "/there"
        assert (tmp_path / "said").read_text().split() == ["up", "env"]
    assert (tmp_path / "said").read_text().split() == ["up", "env", "down"]
    with tools.cluster.brought(wanted=False) as more:
        assert more == {}


def test_a_cluster_that_does_not_come_up_is_no_cluster(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("READINESS_TEST_KUBECONFIG", raising=False)
    monkeypatch.setenv("READINESS_KUBE", launcher(tmp_path, "", code=3))
    with pytest.raises(tools.cluster.NoCluster, match="exits with 3"), tools.cluster.brought(wanted=True):
        pass
