"""The measurements measure, and a program that broke gets no time."""

from __future__ import annotations

import asyncio
import importlib.util
import pickle
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of ``bench``, which is a folder of scripts and no package."""
    monkeypatch.syspath_prepend(str(BENCH))
    import measure
    import run
    import schemas
    import synthetic

    # The tests of the keeper are a package of that name.
    spec = importlib.util.spec_from_file_location("bench_keeper", BENCH / "keeper.py")
    assert spec is not None
    assert spec.loader is not None
    keeper = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_keeper", keeper)
    spec.loader.exec_module(keeper)
    return {"keeper": keeper, "measure": measure, "run": run, "schemas": schemas, "synthetic": synthetic}


def test_forty_apps_have_the_shape_of_the_whole_set(bench: Any, tmp_path: Path) -> None:
    written = bench["synthetic"].write(tmp_path / "set", 40)
    objects = [manifest for path in (tmp_path / "set").iterdir() for manifest in yaml.safe_load_all(path.read_text())]
    assert written == len(objects) == 100
    assert Counter(manifest["kind"] for manifest in objects) == {
        "Deployment": 40,
        "Service": 30,
        "PodDisruptionBudget": 14,
        "HorizontalPodAutoscaler": 10,
        "NetworkPolicy": 4,
        "ConfigMap": 2,
    }
    for manifest in objects:
        if manifest["kind"] == "Deployment":
            spec = manifest["spec"]
            assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_a_set_never_mixes_with_other_files(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()
    with pytest.raises(FileExistsError, match="is not empty"):
        bench["synthetic"].write(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


WORK = """
import sys, subprocess, time
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "child"], check=True)
    sys.exit(3)
memory = bytearray(150_000_000)
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
print("worked", flush=True)
"""


# A child's peak begins with the size of the process that forked it, and the one that runs the tests has grown.
MEASURED = """
import pickle, sys
from pathlib import Path
import measure
cost = measure.several([sys.executable, sys.argv[1]], Path(sys.argv[1]).parent, 1)
sys.stdout.buffer.write(pickle.dumps(cost))
"""


def test_time_and_memory_of_children_are_counted(bench: Any, tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(WORK)
    assert bench
    said = subprocess.run(
        [sys.executable, "-c", MEASURED, str(script)], capture_output=True, check=True, env={"PYTHONPATH": str(BENCH)}
    )
    cost = pickle.loads(said.stdout)  # noqa: S301 (written by our own child)
    assert cost.last.code == 3
    assert cost.last.said == "worked"
    assert cost.last.output_bytes == len("worked\n")
    assert 0.3 <= cost.cpu < 5
    assert cost.wall >= 0.3
    assert 150_000_000 < cost.largest < 400_000_000
    assert cost.together >= 150_000_000


def test_a_schema_stands_alone_with_what_it_reaches_at_any_depth(bench: Any) -> None:
    definitions = {
        "pod": {"properties": {"self": {"$ref": "#/$defs/pod"}, "port": {"items": {"$ref": "#/$defs/port"}}}},
        "port": {"type": "integer"},
        "unused": {},
    }
    alone = bench["schemas"].standalone(
        {"properties": {"spec": {"$ref": "/api/_definitions.json#/$defs/pod"}}}, definitions
    )
    assert alone["properties"] == {"spec": {"$ref": "#/$defs/pod"}}
    assert alone["$defs"].keys() == {"pod", "port"}


def table(tmp_path: Path, program: str) -> list[str]:
    """The rows of the table for a program in place of readiness, without peers, on a set of one app."""
    readiness = tmp_path / "readiness"
    readiness.write_text(f"#!/bin/sh\n{program}\n")
    readiness.chmod(0o755)
    out = tmp_path / "results.md"
    places = [f"--readiness={readiness}", f"--peers={tmp_path / 'none'}", f"--out={out}"]
    command = [sys.executable, str(BENCH / "run.py"), *places, "--apps=1", "--times=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    assert "check SYNTHETIC" in text  # and no path of this machine
    assert tempfile.gettempdir() not in text
    assert "not measured: a corpus of real manifests" in text
    return [line for line in text.splitlines() if line.startswith("| ")]


def test_the_table_judges_what_ran_and_names_what_is_missing(tmp_path: Path) -> None:
    rows = table(tmp_path, "echo fine; exit 1")
    judged = [row for row in rows if "| readiness |" in row]
    assert len(judged) == 3
    assert all("wanted ≤" in row and "| 1 |" in row for row in judged)
    assert all(
        "not installed: make peers" in row for row in rows if "| kube-score |" in row or "| kubeconform |" in row
    )


@pytest.mark.parametrize("program", ["echo half; echo 'wrong flag' >&2; exit 2", "echo 'wrong flag' >&2; exit 1"])
def test_a_run_that_broke_gets_its_last_words_and_no_time(tmp_path: Path, program: str) -> None:
    for row in table(tmp_path, program):
        if "| readiness |" in row:
            assert "**no result**: wrong flag" in row
            assert "wanted" not in row


def test_a_wish_is_met_at_its_bound_and_missed_above_it(bench: Any) -> None:
    last = bench["measure"].Run(wall=1.0, cpu=1.0, largest=5, code=0, output_bytes=1, said="")
    cost = bench["measure"].Cost(wall=1.0, fastest=0.5, cpu=1.0, largest=5, together=10, last=last)
    case = {"about": "x", "tool": "readiness", "command": ["readiness"]}
    judged, wish = bench["run"].judged, bench["run"].Case
    assert "missed" not in judged(wish(**case, seconds=1.0, memory=10), cost)
    assert judged(wish(**case, seconds=0.9), cost) == "wanted ≤ 0.9 s: **missed**"
    assert "**missed**" in judged(wish(**case, memory=9), cost)
    assert judged(wish(**case), cost) == ""


@contextmanager
def serving(answer: bytes) -> Iterator[int]:
    """A server that answers each request with that, and its port."""
    loop = asyncio.new_event_loop()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            while await reader.readline() not in (b"\r\n", b""):
                pass
            writer.write(answer)

    server = loop.run_until_complete(asyncio.start_server(served, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.wait([task]))
        loop.close()


REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 7\r\n\r\nnobody\n"


def test_what_is_not_answered_with_200_is_an_error_of_the_measurement(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that reaches nobody answers at once, in full, and with something else than what was asked for."""
    keeper = bench["keeper"]
    with serving(REFUSED) as port:
        fast, slow = keeper.throughput(port, None, 0.2), keeper.latency(port, 50, 0.4)
    assert (fast.per_second, fast.errors) == (0, 32)
    assert slow.errors > 0
    monkeypatch.setattr(keeper, "LAST_ANSWERS", 20.0)
    with serving(keeper.ANSWER) as port:
        fast, slow = keeper.throughput(port, None, 0.2), keeper.latency(port, 50, 0.4)
    assert fast.per_second > 0
    assert (fast.errors, slow.errors, slow.lost) == (0, 0, 0)


@pytest.mark.parametrize(
    ("fast", "slow", "code", "why"),
    [
        ({}, {}, 0, ""),
        ({"errors": 32}, {}, 1, "keeper: 32 requests were not answered with 200\n"),
        ({}, {"errors": 3, "lost": 2}, 1, "keeper: 5 requests were not answered with 200\n"),
        ({"per_second": 0.0}, {}, 1, "keeper: nothing was answered\n"),
    ],
)
def test_a_keeper_that_serves_nothing_is_not_measured(
    bench: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fast: dict[str, Any],
    slow: dict[str, Any],
    code: int,
    why: str,
) -> None:
    served: dict[str, dict[str, Any]] = {
        "throughput": {"per_second": 9.0, "cpu": None, "errors": 0},
        "latency": {"p50": 1.0, "p99": 2.0, "errors": 0, "lost": 0, "saturated": False},
    }
    found: dict[str, Any] = {"python": "3.11", "machine": "a machine", "uvloop": False, "rate": 500.0}
    for kind, more in (("throughput", fast), ("latency", slow)):
        found[kind] = {"no proxy": [served[kind]] * 2, "keeper": [served[kind], served[kind] | more]}
    monkeypatch.setattr(bench["keeper"], "measured", lambda _: found)
    assert (bench["keeper"].main([]), capsys.readouterr().err) == (code, why)
