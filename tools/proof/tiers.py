"""The tiers: what is run, for how long at most, and which figures it owes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY = "READINESS_PROOF_DIR"
"""The variable that tells a tier where its figures belong, and to try everything instead of a part."""
SECONDS = "READINESS_PROOF_SECONDS"
"""The variable that tells a tier's campaigns after how many seconds to end; without it, they try every point."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One command and what it owes.

    `place` is what it is about, a path in the repository. `owes` are patterns of file names: a tier that passes and
    leaves one of them without a file has failed. `counted` are figures that are counts of tests: the name of the figure
    by the name of the test function. `budget` is in seconds. `alone` are tiers that measure time: nothing runs beside
    them. `cluster` says that it needs one, which is brought where a program is named that can.
    """

    name: str
    about: str
    place: str
    command: tuple[str, ...]
    budget: float
    owes: tuple[str, ...] = ()
    counted: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    cluster: bool = False

    @property
    def is_tests(self) -> bool:
        """Whether it is a run of pytest, which says for each test how it went."""
        return "pytest" in self.command


def _tests(*paths: str, workers: str = "") -> tuple[str, ...]:
    words = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)
    return words + (("-n", workers, "--dist", "worksteal") if workers else ())


_DEPLOY = "tests/deploy"
_THIN = f"{_DEPLOY}/kube/test_thin.py"
_KILLS = f"{_DEPLOY}/process/test_kills.py"
CORES, WAITING = "auto", "3"
"""How many tests of a tier run at a time: one for each processor, or more where they mostly wait."""
TIERS = (
    Tier(
        "model",
        "The protocol as an abstract model: every state that two actors, a guard and one who meddles can reach.",
        f"{_DEPLOY}/model",
        _tests(f"{_DEPLOY}/model", workers=CORES),
        240,
        owes=("simulator-model-*.json",),
        counted={"rules without which a promise breaks": "test_no_rule_is_superfluous"},
    ),
    Tier(
        "simulator",
        "The real table over ports in memory: killed, doubly killed, replies lost, silenced, disturbed and raced "
        "at each point, with two actors and foreign state. In the usual time, single deaths are tried at each point, "
        "the others in a part of the scenarios.",
        f"{_DEPLOY}/simulator",
        _tests(*(f"{_DEPLOY}/test_{name}.py" for name in ("crashes", "race", "roads", "contract")), workers=CORES),
        600,
        owes=("simulator-roads.json", "simulator-killed-*.json", "simulator-races-*.json", "simulator-reply-lost.json"),
        counted={
            "what simulator and keeper must do alike": "test_contract",
            "undisturbed scenarios that end as meant": "test_undisturbed",
        },
    ),
    Tier(
        "planted",
        "Wrong edits of the rollout, after incidents of other deployers: each must be caught.",
        f"{_DEPLOY}/planted",
        _tests(f"{_DEPLOY}/planted", workers=CORES),
        310,
        counted={"planted bugs that were caught": "test_each_is_caught"},
    ),
    Tier(
        "gates",
        "The truth table: what the world does, and what a gate must say to it, over real sockets and processes.",
        f"{_DEPLOY}/gates",
        _tests(f"{_DEPLOY}/gates/test_truth.py", workers=CORES),
        120,
        counted={"rows of the truth table that are answered right": "test_what_a_gate_says"},
    ),
    Tier(
        "migrations",
        "PostgreSQL behind a proxy that cuts or freezes the connection at each message.",
        f"{_DEPLOY}/migrations",
        _tests(f"{_DEPLOY}/migrations/test_cut.py", workers=CORES),
        240,
        owes=("simulator-migrations-*.json",),
    ),
    Tier(
        "keeper",
        "The keeper's worker killed before and after every sixth of its effects, under load (READINESS_KILLS=1: all).",
        f"{_DEPLOY}/keeper",
        _tests(f"{_DEPLOY}/keeper/test_kills.py", workers=CORES),
        320,
        owes=("keeper-kills-*.json",),
        environment={"READINESS_KILLS": "6"},
    ),
    Tier(
        "kills",
        "The real command line killed with SIGKILL at its effects: the next command finishes, by somebody else, at "
        "times on an empty history. Of each kind of effect the first, then the last, then what is between, for as long "
        'as there is time; `make proof TIERS=kills PROOF="--patience 30"` tries every effect.',
        _KILLS,
        _tests(
            f"{_KILLS}::test_kills_under_load_lose_nothing",
            f"{_KILLS}::test_a_command_killed_at_any_effect_is_finished_by_at_most_one_command",
        ),
        310,
        owes=("kills-under-load-*.json", "kills-upgrade-*.json", "kills-first-deploy.json"),
    ),
    Tier(
        "deaths",
        "The keeper's worker, its holder and the guard killed at the phases of a deploy under load (each of them at "
        "each phase where there is more than the usual time). What the load lost "
        "is the true number; what the keeper publishes as cut can be smaller, since nobody can count a request that "
        "lay unread in the socket of a worker that was killed.",
        f"{_DEPLOY}/process/test_keeper_deaths.py",
        _tests(f"{_DEPLOY}/process/test_keeper_deaths.py::test_whoever_dies_the_release_is_shipped", workers=WAITING),
        330,
        owes=("deaths-*.json",),
        counted={"deaths of worker, holder and guard that a deploy survived": "test_keeper_deaths"},
    ),
    Tier(
        "signals",
        "Signals, closed pipes and terminals, full and read-only disks, no memory, a reboot. In the usual time, one "
        "signal of those that are alike.",
        f"{_DEPLOY}/process/test_signals.py",
        _tests(f"{_DEPLOY}/process/test_signals.py", f"{_DEPLOY}/process/test_disasters.py", workers=WAITING),
        450,
        owes=("signals-*.json",),
        counted={"signals answered as promised": "test_signals", "disasters survived": "test_disasters"},
    ),
    Tier(
        "races",
        "Pairs of deployers as processes, started at once with different versions.",
        f"{_DEPLOY}/process/test_races.py",
        _tests(f"{_DEPLOY}/process/test_races.py::test_a_hundred_deployers_in_pairs"),
        590,
        owes=("races-100-*.json",),
    ),
    Tier(
        "rollouts",
        "Deploys and rollbacks in a row under an open-model load that reads and writes.",
        f"{_DEPLOY}/process/test_rollouts.py",
        _tests(f"{_DEPLOY}/process/test_rollouts.py::test_a_hundred_deploys_and_a_hundred_rollbacks_lose_nothing"),
        600,
        owes=("rollouts-100-*.json",),
        alone=True,
    ),
    Tier(
        "kubernetes",
        "The same table over a real cluster, with requests to its NodePort all the time.",
        f"{_DEPLOY}/kube",
        _tests(
            f"{_THIN}::test_a_release_and_the_way_back_lose_no_request",
            f"{_THIN}::test_a_version_that_turns_bad_under_load_is_taken_back",
        ),
        240,
        owes=("kubernetes.json",),
        alone=True,
        cluster=True,
    ),
    Tier(
        "bench",
        "What the keeper costs, beside HAProxy and nothing in between.",
        "bench/keeper.py",
        ("python", "bench/keeper.py", "--seconds", "2", "--rounds", "3", "--json", "{folder}/keeper.json"),
        60,
        owes=("keeper.json",),
        alone=True,
    ),
)


def executable(tier: Tier, folder: str) -> list[str]:
    """The command as it is started, with this Python."""
    words = [word.replace("{folder}", folder) for word in tier.command]
    if words[0] == "python":
        words[0] = sys.executable
    if tier.is_tests:
        words.append(f"--junitxml={folder}/{tier.name}.xml")
    return words


def told(tier: Tier) -> str:
    """The command as a person types it."""
    before = "".join(f"{name}={value} " for name, value in sorted({KEY: "FOLDER", **tier.environment}.items()))
    return before + " ".join(word.replace("{folder}", "FOLDER") for word in tier.command)
