"""Ships three versions of payments under load: a first one, a good one with a migration, and one that answers badly.

`python demo/demo.py` works in a copy of this folder, with a keeper, a database and a port of its own, and takes all of
it away at the end. What it prints of requests comes from a load generator in a process of its own, which sends on a
fixed schedule, repeats nothing, and accounts for each request.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent
LEFT_OUT = shutil.ignore_patterns("broken", "demo", ".venv", "__pycache__", "*.db*", ".pytest_cache", ".git")
BARS = " ▁▂▃▄▅▆▇█"
GOOD, BETTER, BAD = "v1.4.2", "v1.5.0", "v1.6.0"
STEADY = 2.0


def main() -> int:
    """The whole demonstration. Returns 0 when nothing was lost and the bad version was taken back by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readiness", default=shutil.which("readiness") or "readiness", help="the program")
    parser.add_argument("--python", default=sys.executable, help="a Python that has the load generator")
    parser.add_argument("--rate", type=int, default=100, help="requests a second")
    parser.add_argument("--only-prepare", action="store_true", help="install what the example needs, and stop")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="payments-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        project = folder / "payments"
        history(project)
        if chosen.only_prepare:
            return subprocess.run(["scripts/prepare-release.sh"], cwd=project, check=False).returncode
        readiness = shutil.which(chosen.readiness)
        if readiness is None:
            parser.error(f"--readiness: there is no program {chosen.readiness}")
        return show(project, folder, str(Path(readiness).absolute()), chosen.python, chosen.rate)


def show(project: Path, folder: Path, readiness: str, python: str, rate: int) -> int:
    """Ship the versions, and say what the requests saw."""
    port = free_port()
    surroundings = os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/payments.db",
        "PAYMENTS_PORT": str(port),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    record = folder / "requests.jsonl"
    codes = []
    print(f"# {rate} requests a second from the moment somebody answers, a third of them payments", flush=True)
    try:
        with load(python, port, rate, record):
            for version in (GOOD, BETTER, BAD):
                codes.append(
                    run(readiness, project, surroundings, "deploy", "--env", "local", "--version", version, "--yes")
                )
                time.sleep(STEADY)
    finally:
        subprocess.run(
            [readiness, "keeper", "stop", "--env", "local"],
            cwd=project,
            env=surroundings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
    return told(record, codes)


def told(record: Path, codes: list[int]) -> int:
    """Print what the requests saw. 0 when it is what was promised."""
    if not record.exists():
        print("no version ever answered, so no request was sent")
        return 1
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    releases = {line["release"] for line in lines if line["release"]}
    versions = {release: release.rpartition("-")[0] for release in releases}
    lost = [line for line in lines if not answered(line)]
    bad = [line for line in lines if line["status"] >= 500 and versions.get(line["release"]) == BAD]
    other = [line for line in lines if line["status"] >= 500 and line not in bad and answered(line)]
    print()
    print(picture(lines, versions))
    seconds = max((line["ended"] for line in bad), default=0.0) - min((line["intended"] for line in bad), default=0.0)
    print(f"\nrequests: {len(lines)}, answered: {len(lines) - len(lost)}")
    print(f"lost or cut by the rollout: {len(lost)}")
    print(f"answered badly by v3: {len(bad)}, in {seconds:.1f} s")
    if other:
        print(f"answered badly by others: {len(other)}")
    if lost:
        print(
            "  " + ", ".join(f"{kind}: {n}" for kind, n in Counter(str(line.get("lost", "?")) for line in lost).items())
        )
    expected = [0, 0, 5]
    if codes != expected:
        print(f"wanted the deploys to exit with {expected}, found {codes}")
    return 0 if codes == expected and not lost and not other and bad else 1


def answered(line: Mapping[str, object]) -> bool:
    """Whether this request came back whole, from one of the versions."""
    return bool(line["status"]) and bool(line["release"]) and not line.get("lost")


def picture(lines: list[dict[str, object]], versions: Mapping[str, str]) -> str:
    """Answers for each version, over time."""
    began = min(float(str(line["intended"])) for line in lines)
    ended = max(float(str(line["ended"])) for line in lines)
    width = min(72, max(20, shutil.get_terminal_size((80, 24)).columns - 12))
    counts: dict[str, Counter[int]] = {version: Counter() for version in (GOOD, BETTER, BAD)}
    for line in lines:
        version = versions.get(str(line["release"]))
        if version in counts:
            counts[version][int((float(str(line["ended"])) - began) / (ended - began + 1e-9) * width)] += 1
    top = max((n for counter in counts.values() for n in counter.values()), default=1)
    rows = [f"answers of each version, over {ended - began:.0f} s"]
    for version, counter in counts.items():
        bars = "".join(BARS[-(-counter[i] * (len(BARS) - 1) // top)] for i in range(width))
        rows.append(f"  {version}  {bars.rstrip()}")
    return "\n".join(rows)


def run(readiness: str, project: Path, surroundings: Mapping[str, str], *arguments: str) -> int:
    """One command, shown as it would be typed."""
    print(f"\n$ readiness {' '.join(arguments)}", flush=True)
    return subprocess.run([readiness, *arguments], cwd=project, env=dict(surroundings), check=False).returncode


@contextmanager
def load(python: str, port: int, rate: int, record: Path) -> Iterator[None]:
    """Requests in the background, from the moment when somebody serves; all are accounted for when this ends."""
    # Far longer than three deploys take, also on a slow machine: it is ended here, and who is baked needs requests.
    command = [
        python, "-m", "readiness_prove.load", f"http://127.0.0.1:{port}/", "--rate", str(rate), "--seconds", "1500",
        "--json", "--requests", str(HERE / "requests.json"), "--release-header", "X-Payments-Release",
        "--record", str(record),
    ]  # fmt: skip
    over, started = threading.Event(), list[subprocess.Popen[bytes]]()

    def begin() -> None:
        while not serves(port):
            if over.wait(0.05):
                return
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    starter = threading.Thread(target=begin)
    starter.start()
    try:
        yield
    finally:
        over.set()
        starter.join()
        for process in started:
            process.terminate()
            process.wait(timeout=30)


def serves(port: int) -> bool:
    """Whether a version of the service answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
            return bool(answer.headers["X-Payments-Release"])
    except OSError:
        return False


def history(project: Path) -> None:
    """A repository with the three versions as tags."""
    shutil.copytree(EXAMPLE, project, ignore=LEFT_OUT)
    git(project, "init", "--quiet")
    commit(project, GOOD)
    renamed(project, BETTER)
    shutil.copy(HERE / "0003_channel.py", project / "src/payments/migrations/versions/")
    commit(project, BETTER)
    renamed(project, BAD)
    charges = project / "src/payments/app.py"
    text = charges.read_text(encoding="utf-8")
    place = '        key = parse_key(request.headers.get("Idempotency-Key"))\n'
    if text.count(place) != 1:
        raise SystemExit(f"{charges} has changed: this demonstration does not find where to break it")
    broken = '        if request.headers["Idempotency-Key"][-1] in "02468":\n            raise RuntimeError("a bug")\n'
    charges.write_text(text.replace(place, broken + place), encoding="utf-8")
    commit(project, BAD)


def renamed(project: Path, version: str) -> None:
    path = project / "src/payments/__init__.py"
    head = path.read_text(encoding="utf-8").partition("__version__")[0]
    path.write_text(f'{head}__version__ = "{version.removeprefix("v")}"\n', encoding="utf-8")


def commit(project: Path, version: str) -> None:
    git(project, "add", "--all")
    git(project, "-c", "user.name=demo", "-c", "user.email=demo@localhost", "commit", "--quiet", "-m", version)
    git(project, "tag", version)


def git(project: Path, *arguments: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *arguments], cwd=project, env=os.environ | own, check=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
